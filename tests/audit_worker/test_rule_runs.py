"""Rules over what is dirty: in pieces, and planned for few or for many, they say the same."""

from datetime import date
from typing import Any

import pytest

from services.audit_worker import rule_runs
from services.audit_worker.catalogue import read_catalogue
from services.audit_worker.engine import audit_all
from services.audit_worker.scope import Scope
from tests.world.district import District
from tests.world.standard import PLAN, S1, S2, TERM, session


def _submission(lines: dict[str, tuple[float, int]]) -> dict[str, Any]:
    return {
        "school_id": S1,
        "submission_id": "autumn",
        "term_id": TERM,
        "lines": [
            {"staff_id": staff_id, "class_hours": hours, "amount_fen": amount}
            for staff_id, (hours, amount) in lines.items()
        ],
    }


async def test_a_rule_that_ends_in_python_sees_every_school_a_few_at_a_time(
    school: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_runs, "SCHOOLS_AT_ONCE", 1)
    plan = {**PLAN, "school_id": S2}
    for voice, school_id, staff_id in ((school.school(S1), S1, "T1"), (school.school(S2), S2, "U1")):
        await voice.post("allocation-plans", {**plan, "school_id": school_id})
        await voice.post("sessions", session("one", school_id=school_id, staff={staff_id: 1.25}))
        await voice.post("submissions", _submission({staff_id: (1.25, 10100)}) | {"school_id": school_id})
    await school.audit()
    assert {(each["school_id"], each["subject"]["id"]) for each in await school.auditor.findings(rule="E01")} == {
        (S1, "T1"),
        (S2, "U1"),
    }


async def test_a_term_that_is_worked_through_a_school_at_a_time_and_planned_for_many_says_the_same(
    school: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    for school_id, staff_id in ((S1, "T1"), (S2, "U1")):
        voice = school.school(school_id)
        await voice.post("sessions", session("one", school_id=school_id, headcount=0, staff={staff_id: 1.25}))
        await voice.post("sessions", session("two", school_id=school_id, activity="合唱", staff={staff_id: 1.5}))
    await school.audit()
    found = {(each["rule"], each["school_id"]) for each in await school.auditor.findings()}
    assert found >= {(rule, school_id) for rule in ("A12", "A14") for school_id in (S1, S2)}
    for bound in ("SCHOOLS_AT_ONCE", "SCHOOL_DAYS_AT_ONCE"):
        monkeypatch.setattr(rule_runs, bound, 1)
    for bound in ("PLACES_OF_ONE_PLAN", "DAYS_OF_ONE_PLAN"):
        monkeypatch.setattr(rule_runs, bound, 0)
    assert await audit_all(school.auditor_pool, school.rules) == 0


def test_what_is_worked_through_at_once_is_bounded_by_school_days_and_people_stay_together() -> None:
    rules = {rule.code: rule for rule in read_catalogue()}
    schools = tuple(f"31011{n:05d}" for n in range(350))
    day = Scope(schools, date(2025, 9, 8), date(2025, 9, 8))
    term = Scope(schools, date(2025, 9, 1), date(2026, 1, 30))
    assert list(rule_runs.pieces(rules["A09"], [day])) == [day]
    in_pieces = list(rule_runs.pieces(rules["A09"], [term]))
    assert {len(piece.school_ids) for piece in in_pieces[:-1]} == {20}
    assert tuple(school_id for piece in in_pieces for school_id in piece.school_ids) == schools
    # A person is followed through all schools, a district's day is of all of them.
    for code in ("A14", "D15"):
        assert list(rule_runs.pieces(rules[code], [term])) == [term]


def test_some_schools_last_days_are_few_and_so_planned_once_whatever_the_planner_knows_of_these_days() -> None:
    rules = {rule.code: rule for rule in read_catalogue()}
    eight = tuple(f"31011{n:05d}" for n in range(8))
    three_days = Scope(eight, date(2025, 9, 8), date(2025, 9, 10))
    assert rule_runs._few(rules["C02"], three_days)
    assert not rule_runs._few(rules["C02"], Scope(eight, date(2025, 9, 1), date(2026, 1, 30)))
