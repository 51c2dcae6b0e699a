"""The look at every log, which ends a run of the tests: it sees who is named, and what is secret."""

from pathlib import Path

import pytest

from tests.world.every_log import EveryLog

NAMING = {
    "a pupil's id": "recorded P1 in h1",
    "the id of one of the staff": '{"subject": "T1"}',
    "a token": "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
    "a password in an address": "postgresql://owner:secret@host/taizhang",
}


@pytest.mark.parametrize("what", NAMING)
def test_a_log_that_names_somebody_is_found(what: str, standard: str, tmp_path: Path) -> None:
    logs = EveryLog()
    for name, line in (("quiet", "batch 3 of 3101150001, 40 rows"), ("naming", NAMING[what])):
        with (tmp_path / name).open("wb") as lines:
            logs.started(lines, standard)
            lines.write(line.encode())
    logs.look()
    assert logs.found
    assert all(str(tmp_path / "naming") in each for each in logs.found)


def test_a_service_that_tests_start_is_looked_at(served: tuple[str, str], every_log: EveryLog) -> None:
    assert served[1] in every_log.databases()
