"""What other values would have flagged, beside today's; nothing is written."""

from datetime import date
from pathlib import Path

import asyncpg
import pytest

from services.audit_worker.backtest import Backtest, backtest
from services.audit_worker.catalogue import Rule, RuleInvalid, read_catalogue
from tests.world.district import District
from tests.world.rules import write_rule
from tests.world.standard import MONDAY, S1, TUESDAY, duty, session, sheet

SEPTEMBER = {"first_day": date(2025, 9, 1), "last_day": date(2025, 9, 30)}


def _flagged(result: Backtest) -> list[tuple[str, bool, bool, str | None]]:
    return sorted((each.row.subject, each.today, each.then, each.state) for each in result.flagged)


async def test_a_changed_threshold_stands_beside_todays(school: District) -> None:
    voice = school.school(S1)
    for n, (headcount, present) in enumerate(((21, 20), (25, 20), (20, 20))):
        await voice.post("sessions", session(f"h{n}", headcount=headcount, staff={f"T{n + 1}": 1.5}))
        await voice.post("attendance", sheet(f"h{n}", present=present))
    await school.audit()
    before = await school.fetch("select position, finding from audit.finding_event order by position")
    result = await backtest(school.auditor_pool, school.rules, "A09", **SEPTEMBER, changed={"tolerance_pupils": 2})
    assert _flagged(result) == [("h0", True, False, "open"), ("h1", True, True, "open")]
    assert (result.today.parameters, result.then.parameters) == ({"tolerance_pupils": 0}, {"tolerance_pupils": 2})
    assert await school.fetch("select position, finding from audit.finding_event order by position") == before


async def test_only_the_days_asked_for_are_looked_at(school: District) -> None:
    await school.school(S1).post(
        "sessions", session("h1", headcount=0), session("h2", headcount=0, service_date=TUESDAY)
    )
    await school.audit()
    day = date.fromisoformat(MONDAY)
    result = await backtest(school.auditor_pool, school.rules, "A12", first_day=day, last_day=day, changed={})
    assert _flagged(result) == [("h1", True, True, "open")]


async def test_what_an_office_owes_is_looked_at_as_well(school: District) -> None:
    await school.bureau.post("complaints", {"school_id": S1, "complaint_id": "k", "received_on": "2025-09-01"})
    await school.school(S1).post("sessions", session(service_date="2025-09-15"))
    await school.audit()
    result = await backtest(school.auditor_pool, school.rules, "G08", **SEPTEMBER, changed={"acknowledge_days": 10})
    assert _flagged(result) == [(f"{S1}/k", False, True, None)]


async def test_a_rule_that_was_never_run_says_what_it_would_have_said(school: District, tmp_path: Path) -> None:
    await school.school(S1).post("duties", duty("d1", class_hours=2.5), duty("d2", class_hours=4))
    await school.audit()
    write_rule(tmp_path, "A97", hours=3)
    write_rule(tmp_path, "A98", hours=2, grain="school_month", yields_to="A97")
    rules = read_catalogue(folder=tmp_path)
    result = await backtest(school.auditor_pool, rules, "A98", **SEPTEMBER, changed={"least_hundredths": 250})
    # The longer duty is said by the rule that it gives way to.
    assert _flagged(result) == [("d1", True, True, None)]


async def test_a_rule_that_would_write_is_stopped(school: District, tmp_path: Path) -> None:
    await school.school(S1).post("duties", duty("d1", class_hours=4))
    write_rule(tmp_path, "A97", hours=3, beside=", (select from audit.finding for update) as locked")
    (rule,) = read_catalogue(folder=tmp_path)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await backtest(school.auditor_pool, [rule], "A97", **SEPTEMBER, changed={})


@pytest.mark.parametrize(
    ("code", "changed", "said"),
    [
        ("Z99", {}, "there is no rule Z99"),
        ("A09", {"tolerance": 1}, "no parameter tolerance"),
        ("A09", {"tolerance_pupils": "2"}, "is a number"),
    ],
)
async def test_what_cannot_be_tried_is_named(
    school: District, code: str, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(RuleInvalid, match=said):
        await backtest(school.auditor_pool, school.rules, code, **SEPTEMBER, changed=changed)


async def test_the_rules_that_follow_a_person_are_run_over_everybody(school: District, rules: list[Rule]) -> None:
    await school.school(S1).post(
        "sessions", session("h1", staff={"T1": 1.25}), session("h2", activity="围棋", staff={"T1": 1.5})
    )
    await school.audit()
    result = await backtest(school.auditor_pool, rules, "A14", **SEPTEMBER, changed={})
    assert [each[1:] for each in _flagged(result)] == [(True, True, "open")]


@pytest.fixture
def rules(school: District) -> list[Rule]:
    """The catalogue."""
    return list(school.rules)
