"""What the worker does with days that come in: at once what follows from a day's facts, the rest in a quiet moment."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.audit_worker import claims, jobs
from services.audit_worker.catalogue import read_catalogue
from services.audit_worker.engine import at_once, audit_days, audit_once
from shared.database import TURN_LOCK
from tests.world.district import District
from tests.world.standard import MONDAY, S1, S2, duty, session, sheet

WAITING = "select resource, days_audited from ledger.outbox order by outbox_id"


def _context(district: District) -> dict[str, Any]:
    events = {name: asyncio.Event() for name in ("came_in", "to_roll_up")}
    return {"pool": district.auditor_pool, "rules": district.rules, **events}


async def _open(district: District) -> list[tuple[str, str]]:
    return sorted((each["rule"], each["subject"]["id"]) for each in await district.auditor.findings())


async def test_a_day_is_told_at_once_and_looked_at_whole_in_a_quiet_moment(school: District) -> None:
    await school.audit()
    voice, context = school.school(S1), _context(school)
    await voice.post("sessions", session(headcount=23))
    await voice.post("attendance", sheet(present=20))
    # Eight class hours: what a person did of a day is a rollup, and takes the whole audit.
    await voice.post("duties", duty(class_hours=8))
    assert await jobs.audit_days(context) == 3
    assert await _open(school) == [("A09", "h1")]
    assert await school.fetch(WAITING) == [
        {"resource": each, "days_audited": True} for each in ("sessions", "attendance", "duties")
    ]
    assert await jobs.audit_when_quiet(context) == 3
    assert await _open(school) == [("A09", "h1"), ("A18", "T9")]
    assert await school.fetch(WAITING) == []
    told = await school.fetch("select rule, change from audit.finding_event order by position")
    assert [(row["rule"], row["change"]) for row in told] == [("A09", "opened"), ("A18", "opened")]


async def test_days_are_rolled_up_for_the_reports_however_long_an_audit_takes(school: District) -> None:
    await school.audit()
    context = _context(school)
    await school.school(S1).post("sessions", session())
    at_work = await asyncpg.connect(school.database_url)
    await at_work.execute("select pg_advisory_lock($1)", TURN_LOCK)
    day_audit = asyncio.create_task(jobs.audit_days(context))
    async with asyncio.timeout(20):
        await jobs.roll_up_soon(context)
    assert await school.fetch("select from audit.touched_day") == []
    assert not day_audit.done()
    await at_work.close()
    assert await day_audit == 1


async def test_the_whole_audit_looks_at_some_schools_at_a_time_with_all_that_they_have(
    school: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    await school.audit()
    monkeypatch.setattr(claims, "CLAIM_SCHOOLS", 1)
    for school_id, name in ((S1, "a"), (S2, "b"), (S1, "c")):
        staff = {"T1": 1} if school_id == S1 else {"U1": 1}
        await school.school(school_id).post("sessions", session(name, school_id=school_id, staff=staff))
    assert [(await audit_once(school.auditor_pool, school.rules)).outbox_rows for _claim in range(3)] == [2, 1, 0]


async def test_what_was_told_at_once_is_taken_back_at_once(school: District) -> None:
    await school.audit()
    voice = school.school(S1)
    for headcount in (23, 20):
        await voice.post("sessions", session(headcount=headcount, reason="更正"))
        await voice.post("attendance", sheet(present=20))
        await audit_days(school.auditor_pool, school.rules)
    assert await _open(school) == []


async def test_a_load_of_many_days_waits_for_the_whole_audit(school: District) -> None:
    await school.audit()
    days = [f"2025-09-{number:02d}" for number in (8, 9, 10, 11)]
    await school.school(S1).post("sessions", *(session(day[-2:], service_date=day, headcount=0) for day in days))
    assert (await audit_days(school.auditor_pool, school.rules)).outbox_rows == 0
    assert await _open(school) == []
    assert (await audit_once(school.auditor_pool, school.rules)).outbox_rows == 1
    assert len([found for found in await _open(school) if found[0] == "A12"]) == len(days)


async def test_what_people_decide_is_told_at_once(school: District) -> None:
    await school.school(S1).post("sessions", session(headcount=0))
    await school.audit()
    (finding,) = await school.auditor.findings(rule="A12")
    answer = await school.auditor.send(
        "POST", f"/v1/findings/{finding['finding_id']}/dispositions", json={"kind": "acknowledge"}
    )
    assert answer.status_code == 200
    assert (await audit_days(school.auditor_pool, school.rules)).outbox_rows == 1
    (acknowledged,) = await school.auditor.findings(rule="A12", state="acknowledged")
    assert acknowledged["finding_id"] == finding["finding_id"]
    assert await school.fetch(WAITING) == []


async def test_a_quiet_moment_is_not_waited_for_without_end(school: District) -> None:
    await school.audit()
    context = _context(school)
    voice = school.school(S1)

    async def post_on() -> None:
        number = 0
        while True:
            number += 1
            await voice.post("sessions", session(f"n{number}", service_date=MONDAY))
            await jobs.audit_days(context)

    posting = asyncio.create_task(post_on())
    try:
        assert await jobs.audit_when_quiet(context) > 0
    finally:
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)


def test_at_once_are_rules_of_a_days_facts_that_no_other_can_take_back() -> None:
    codes = {rule.code for rule in at_once(read_catalogue())}
    assert {"A09", "A12", "C01"} <= codes
    # A17 reads a rollup, A03 gives way to others, B05 looks at a week.
    assert not {"A17", "A03", "B05"} & codes
