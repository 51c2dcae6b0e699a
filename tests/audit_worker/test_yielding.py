"""One cause, one finding: who gives way to whom, however the rules came to be run."""

from pathlib import Path
from typing import Any

import pytest

from services.audit_worker.catalogue import Rule, read_catalogue
from services.audit_worker.engine import audit_all, audit_once
from tests.world.district import District
from tests.world.rules import write_rule
from tests.world.standard import MONDAY, S1, TUESDAY, duty


@pytest.fixture
def rules(tmp_path: Path) -> list[Rule]:
    """A98 says by the month of every duty of two class hours what A97 says by the day of three; it reads only closings."""
    write_rule(tmp_path, "A97", hours=3)
    write_rule(tmp_path, "A98", hours=2, grain="school_month", reads="days", yields_to="A97")
    return read_catalogue(folder=tmp_path)


async def _audit(school: District, rules: list[Rule]) -> None:
    while (await audit_once(school.auditor_pool, rules)).outbox_rows:
        pass


async def _standing(school: District) -> list[tuple[Any, ...]]:
    rows = await school.fetch(
        "select rule, subject, related from audit.finding where state <> 'cleared' order by rule, subject"
    )
    return [(row["rule"], row["subject"], row["related"]) for row in rows]


async def test_a_rule_gives_way_on_days_on_which_the_other_was_not_run_again(
    school: District, rules: list[Rule]
) -> None:
    voice = school.school(S1)
    await voice.post("duties", duty("d1", class_hours=4))
    await _audit(school, rules)
    assert await _standing(school) == [("A97", "d1", ["A98"])]
    # Another day of the month: the first is looked at again by the month's rule only.
    await voice.post("duties", duty("d2", class_hours=2.5, service_date=TUESDAY))
    await _audit(school, rules)
    assert await _standing(school) == [("A97", "d1", ["A98"]), ("A98", "d2", [])]


async def test_what_gave_way_speaks_when_the_other_falls_silent(school: District, rules: list[Rule]) -> None:
    voice = school.school(S1)
    await voice.post("duties", duty("d1", class_hours=4))
    await _audit(school, rules)
    await voice.post("duties", duty("d1", class_hours=2.25))
    await _audit(school, rules)
    assert await _standing(school) == [("A98", "d1", [])]
    await voice.post("duties", duty("d1", class_hours=3.5))
    await _audit(school, rules)
    assert await _standing(school) == [("A97", "d1", ["A98"])]


@pytest.mark.parametrize("only", ["A97", "A98", None])
async def test_a_full_audit_by_one_rule_neither_clears_nor_repeats_what_another_says(
    school: District, rules: list[Rule], only: str | None
) -> None:
    voice = school.school(S1)
    await voice.post("duties", duty("d1", class_hours=4), duty("d2", class_hours=2.5), duty("d3", "T8", 1))
    await _audit(school, rules)
    before = await _standing(school)
    assert before == [("A97", "d1", ["A98"]), ("A98", "d2", [])]
    assert await audit_all(school.auditor_pool, rules, only=only) == 0
    assert await _standing(school) == before


async def test_a_full_audit_by_one_rule_finds_what_is_its_own(school: District, rules: list[Rule]) -> None:
    await school.school(S1).post("duties", duty("d1", class_hours=4), duty("d2", class_hours=2.5))
    await school.fetch("delete from ledger.outbox")
    assert await audit_all(school.auditor_pool, rules, only="A98") == 1
    assert await _standing(school) == [("A98", "d2", [])]
    assert await audit_all(school.auditor_pool, rules, only="A97") == 1
    assert await _standing(school) == [("A97", "d1", ["A98"]), ("A98", "d2", [])]


@pytest.mark.parametrize("named", [{"only": "Z99"}, {"school_id": "3101159999"}, {"term_id": "2031-2032-1"}])
async def test_a_full_audit_of_what_is_not_there_says_so(school: District, named: dict[str, str]) -> None:
    await school.school(S1).post("duties", duty("d1", class_hours=6, service_date=MONDAY))
    with pytest.raises(ValueError, match=f"there is no {next(iter(named.values()))}"):
        await audit_all(school.auditor_pool, school.rules, **named)
