"""At the end of the run: no log that a real process of any test wrote names a pupil, a member of staff or a secret."""

import subprocess
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import BinaryIO

import psycopg
import pytest

from services.cli import processes
from tests.world.lines import people_in, secrets_in


class EveryLog:
    """Which files services write to, over which database; what was found in those that are finished."""

    def __init__(self) -> None:
        """Nothing has been started."""
        self._written: dict[Path, str] = {}
        self.found: list[str] = []

    def started(self, lines: BinaryIO, database_url: str) -> None:
        """A service writes there."""
        self._written[Path(lines.name)] = database_url

    def databases(self) -> set[str]:
        """Over which services run whose lines are still to be looked at."""
        return set(self._written.values())

    def look(self) -> None:
        """At what those wrote that have ended, while their database is still there."""
        for path, database_url in self._written.items():
            text = path.read_text("utf-8", errors="replace")
            self.found += [f"{path}: {each}" for each in secrets_in(text)]
            try:
                self.found += [f"{path}: {each}" for each in people_in(text, database_url)]
            except psycopg.OperationalError:
                # It is what the test took away; the faults' own fixture asks once it is back.
                continue
        self._written.clear()


@pytest.fixture(scope="session", autouse=True)
def every_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EveryLog]:
    """Looks at the lines of services as they end, whichever test started them; fails the run where they name somebody."""
    logs, start, stop = EveryLog(), processes.start_service, processes._stop
    numbers = count(1)
    folder = tmp_path_factory.mktemp("lines")

    def start_noted(
        command: str, environment: Mapping[str, str], lines: BinaryIO | None = None
    ) -> "subprocess.Popen[bytes]":
        if lines is None:
            # One that a test starts again: it would write to whoever reads the tests.
            with (folder / f"{command}-{next(numbers)}.log").open("wb") as own:
                return start_noted(command, environment, own)
        logs.started(lines, environment["TAIZHANG_DATABASE_URL"])
        return start(command, environment, lines)

    def stop_and_look(running: "list[subprocess.Popen[bytes]]") -> None:
        stop(running)
        logs.look()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(processes, "start_service", start_noted)
        patched.setattr(processes, "_stop", stop_and_look)
        yield logs
    assert logs.found == []
