"""A rule that needs records is not applicable to a school that has never sent any, and looks back when one begins."""

from pathlib import Path
from typing import Any

import pytest

from services.audit_worker.applicability import Kept
from services.audit_worker.catalogue import Rule, read_catalogue
from services.audit_worker.engine import audit_all, audit_once
from tests.world.district import District
from tests.world.rules import write_rule
from tests.world.standard import MONDAY, S1, S2, TUESDAY, duty


@pytest.fixture
def rules(tmp_path: Path) -> list[Rule]:
    """One rule, of duties, that needs patrols."""
    write_rule(tmp_path, "A97", hours=3, reads="duties, patrols", needs="patrols")
    return read_catalogue(folder=tmp_path)


async def _standing(school: District, rules: list[Rule]) -> list[tuple[Any, ...]]:
    while (await audit_once(school.auditor_pool, rules)).outbox_rows:
        pass
    rows = await school.fetch("select school_id, subject from audit.finding where state <> 'cleared' order by 1, 2")
    return [(row["school_id"], row["subject"]) for row in rows]


async def test_a_school_that_begins_to_keep_the_records_is_looked_at_whole(school: District, rules: list[Rule]) -> None:
    await school.school(S1).post("duties", duty("d1", class_hours=4), duty("d2", class_hours=5, service_date=TUESDAY))
    await school.school(S2).post("duties", duty("e1", "U1", 4, school_id=S2))
    assert await _standing(school, rules) == []
    assert await audit_all(school.auditor_pool, rules) == 0
    await school.school(S1).post("patrols", {"school_id": S1, "patrol_id": "w", "service_date": TUESDAY})
    assert await _standing(school, rules) == [(S1, "d1"), (S1, "d2")]
    assert await audit_all(school.auditor_pool, rules) == 0


async def test_what_is_missing_is_said_by_school_and_rule(school: District, rules: list[Rule]) -> None:
    await school.school(S1).post("patrols", {"school_id": S1, "patrol_id": "w", "service_date": MONDAY})
    async with school.auditor_pool.acquire() as connection:
        assert await Kept(connection, rules).missing(rules, [S1, S2]) == {(S2, "A97"): ["patrols"]}


async def test_every_kind_of_record_can_be_needed(school: District, tmp_path: Path) -> None:
    write_rule(tmp_path, "A97", hours=3, needs="sessions, attendance, duties")
    (rule,) = read_catalogue(folder=tmp_path)
    async with school.auditor_pool.acquire() as connection:
        missing = await Kept(connection, [rule]).missing([rule], [S1])
    assert missing == {(S1, "A97"): ["sessions", "attendance", "duties"]}
