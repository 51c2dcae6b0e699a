"""The engine: outbox to findings to events; incremental equals full; positions without gaps in the order of commits."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.audit_worker import engine, jobs, parking
from services.audit_worker.catalogue import FINDING_COLUMNS, read_catalogue
from services.audit_worker.engine import audit_all, audit_once, retry_parked
from services.cli.embedded import Stores
from shared.database import Statement, open_pool
from tests.world.district import District, open_district
from tests.world.rules import write_rule
from tests.world.standard import MONDAY, PLAN, S1, S2, SATURDAY, TERM, TUESDAY, duty, school_of, session, sheet

FINDING = "rule, school_id, subject, service_date, period, state, expected, found, amount_at_risk_fen, evidence::text as evidence"


async def test_a_finding_opens_is_updated_cleared_and_reopened(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(headcount=23))
    await voice.post("attendance", sheet(present=20))
    await school.audit()
    (opened,) = await school.auditor.findings()
    assert (opened["rule"], opened["state"], opened["found"], opened["expected"]) == ("A09", "open", "23", "20")
    for headcount in (22, 20, 24):
        await voice.post("sessions", session(headcount=headcount))
        await school.audit()
    detail = await school.auditor.report(f"/v1/findings/{opened['finding_id']}")
    assert [event["change"] for event in detail["events"]] == ["opened", "updated", "cleared", "reopened"]
    assert (detail["state"], detail["found"]) == ("open", "24")


async def test_a_duty_corrected_to_another_day_is_audited_on_both(school: District) -> None:
    voice = school.school(S1)
    await voice.post("duties", duty(class_hours=6))
    await school.audit()
    await voice.post("duties", duty(class_hours=6, service_date=TUESDAY))
    await school.audit()
    assert [(each["rule"], each["service_date"]) for each in await school.auditor.findings()] == [("A18", TUESDAY)]


async def test_a_publication_clears_the_late_changes_that_it_shows(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(staff={"T1": 0.75}))
    await voice.post("days", {"school_id": S1, "service_date": MONDAY, "state": "closed"})
    await voice.post("sessions", session(staff={"T1": 1.5}, reason="漏记课时"))
    await school.audit()
    assert [(each["rule"], each["service_date"]) for each in await school.auditor.findings()] == [("A20", MONDAY)]
    await voice.post("deliberations", _deliberation("sep"))
    await voice.post("publications", _publication({"T1": 1.5}))
    await school.audit()
    assert await school.auditor.findings() == []


async def test_auditing_the_same_again_changes_nothing(school: District) -> None:
    await _tell_a_story(school)
    await school.audit()
    events = await school.fetch("select count(*) as events from audit.finding_event")
    assert await audit_all(school.auditor_pool, school.rules) == 0
    assert await school.fetch("select count(*) as events from audit.finding_event") == events


async def test_batch_by_batch_finds_what_one_full_audit_finds(
    school: District, clone_standard: Callable[[], AbstractContextManager[str]], stores: Stores, signing_key: str
) -> None:
    await _tell_a_story(school, audit_between=True)
    step_by_step = await school.fetch(
        f"select {FINDING} from audit.finding where state <> 'cleared' order by 1, 2, 3, 4"
    )
    with clone_standard() as url:
        async with open_district(url, stores.redis_url, signing_key) as other:
            await _tell_a_story(other)
            await other.fetch("delete from ledger.outbox")
            await audit_all(other.auditor_pool, other.rules)
            at_once = await other.fetch(
                f"select {FINDING} from audit.finding where state <> 'cleared' order by 1, 2, 3, 4"
            )
    assert len(at_once) > 6
    assert step_by_step == at_once


async def _tell_a_story(district: District, *, audit_between: bool = False) -> None:
    """Facts of every kind in an order that makes findings come and go."""
    first, second = district.school(S1), district.school(S2)
    steps: list[tuple[Any, str, list[dict[str, Any]]]] = [
        (first, "sessions", [session(staff={"T1": 1.5, "W1": 1.5}), session("h2", activity="围棋", staff={"T1": 1.5})]),
        (first, "attendance", [sheet(present=18), sheet("h2", present=20)]),
        (second, "sessions", [session("u1", school_id=S2, activity="合唱", staff={"U1": 1.5, "W1": 1.5})]),
        (first, "sessions", [session("sat", service_date=SATURDAY, staff={"T3": 1.5})]),
        (first, "duties", [duty(), duty("d2", "T9", 5.5), duty("d3", "T8", 2, service_date=TUESDAY)]),
        (first, "publications", [_publication({"T1": 3, "T3": 1.5, "T5": 2})]),
        (first, "submissions", [_submission({"T1": (3, 30000), "T9": (6.5, 32500), "T7": (0.75, 9000)})]),
        (first, "leaves", [{"staff_id": "T1", "starts_on": MONDAY, "ends_on": MONDAY, "kind": "sick"}]),
        (first, "staff", [{"staff_id": "T8", "school_id": S1, "kind": "employee", "active_to": "2025-09-01"}]),
        (first, "sessions", [session("h2", activity="围棋", staff={"T2": 1.5}, reason="代课")]),
        (first, "attendance", [sheet("h2", present=19, reason="补点名")]),
        (first, "sessions", [session("late", slot="s3", staff={"T7": 0.75})]),
        (
            first,
            "fund-lines",
            [
                {
                    "school_id": S1,
                    "line_id": "f1",
                    "booked_on": MONDAY,
                    "direction": "spending",
                    "category": "welfare",
                    "amount_fen": 7100,
                }
            ],
        ),
        (
            first,
            "allocation-plans",
            [{**PLAN, "version": "v2", "effective_from": TUESDAY, "duty_rate_fen": {"*": 4000}}],
        ),
        (first, "duties", [duty("d3", "T8", 2.5, service_date=MONDAY, reason="日期有误")]),
    ]
    for voice, resource, records in steps:
        await voice.post(resource, *records)
        if audit_between:
            await district.audit()


def _deliberation(publication_id: str) -> dict[str, Any]:
    return {
        "school_id": S1,
        "deliberation_id": f"about-{publication_id}",
        "held_on": "2025-10-08",
        "topic": "月度公示",
        "decision": "approved",
        "items": [{"kind": "monthly_workload", "document_id": publication_id}],
    }


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


def _publication(hours: dict[str, float]) -> dict[str, Any]:
    return {
        "school_id": S1,
        "publication_id": "sep",
        "kind": "monthly_workload",
        "period": "2025-09",
        "lines": [{"staff_id": staff_id, "class_hours": value} for staff_id, value in hours.items()],
    }


async def test_a_persons_day_that_two_schools_dirty_is_told_once(school: District) -> None:
    """W1 works at both, which are looked at on different days: their one day is in the scopes of both."""
    await school.school(S1).post("leaves", {"staff_id": "W1", "starts_on": MONDAY, "ends_on": MONDAY, "kind": "sick"})
    await school.school(S1).post("sessions", session(staff={"W1": 1.5}))
    await school.school(S2).post(
        "sessions",
        session("u1", school_id=S2, slot="s2", staff={"W1": 1.5}),
        session("u2", school_id=S2, service_date=TUESDAY, staff={"U1": 1.5}),
    )
    await school.audit()
    told = await school.fetch("select finding_id from audit.finding_event where rule = 'A15' and change = 'opened'")
    assert len(told) == len({row["finding_id"] for row in told}) == 2


async def test_positions_are_gap_free_in_commit_order_under_concurrent_auditors(school: District) -> None:
    """A reader pages by position while four auditors write: it misses none and sees none twice."""
    voice, seen, done = school.school(S1), [], asyncio.Event()

    async def read() -> None:
        cursor = ""
        while True:
            was_done = done.is_set()
            page = await school.auditor.report(
                "/v1/findings/events", limit="7", **({"after": cursor} if cursor else {})
            )
            seen.extend(page["items"])
            cursor = page["next_cursor"] or cursor
            if was_done and not page["items"]:
                return

    async def write(lane: int) -> None:
        for n in range(6):
            await voice.post("sessions", session(f"s{lane}-{n}", headcount=0, staff={f"T{lane}": 1 + n / 4}))
            await audit_once(school.auditor_pool, school.rules)

    reader = asyncio.create_task(read())
    await asyncio.gather(*(write(lane) for lane in range(1, 5)))
    done.set()
    await reader
    stored = await school.fetch("select position, finding_id, change from audit.finding_event order by position")
    assert [row["position"] for row in stored] == list(range(1, len(stored) + 1))
    assert [(event["finding"]["finding_id"], event["change"]) for event in seen] == [
        (row["finding_id"], row["change"]) for row in stored
    ]


async def test_a_rule_that_raises_parks_its_scope_and_stops_no_other(
    school: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    await school.school(S1).post("sessions", session(headcount=0, staff={"T1": 9}))
    # The rule's statement meets a table that is not there, as it would in a half-done migration.
    in_half_done = Statement.parse(f"select {', '.join(FINDING_COLUMNS)} from audit.missing_table")
    with monkeypatch.context() as migrating:
        migrating.setattr(
            school,
            "rules",
            [replace(rule, statement=in_half_done) if rule.code == "A13" else rule for rule in school.rules],
        )
        await school.audit()
    assert {finding["rule"] for finding in await school.auditor.findings()} == {"A12", "A18"}
    (parked,) = await school.fetch("select rule, attempts, error from audit.parked_scope")
    assert (parked["rule"], parked["attempts"]) == ("A13", 1)
    assert "missing_table" in parked["error"]
    await school.fetch("update audit.parked_scope set next_attempt_at = now()")
    await retry_parked(school.auditor_pool, school.rules)
    assert {finding["rule"] for finding in await school.auditor.findings()} == {"A12", "A13", "A18"}
    assert await school.fetch("select from audit.parked_scope") == []


async def test_a_claim_that_fails_leaves_the_outbox_as_it_was(
    school: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    await school.school(S1).post("sessions", session(headcount=0))
    before = await school.fetch("select outbox_id from ledger.outbox")

    async def dies(*_arguments: object) -> int:
        raise ConnectionResetError

    monkeypatch.setattr(engine, "find_and_fold", dies)
    with pytest.raises(ConnectionResetError):
        await audit_once(school.auditor_pool, school.rules)
    monkeypatch.undo()
    assert await school.fetch("select outbox_id from ledger.outbox") == before
    await school.audit()
    assert [finding["rule"] for finding in await school.auditor.findings()] == ["A12"]


async def test_a_late_register_change_is_seen_by_the_rules_that_read_it(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T6": 1.5}))
    await school.audit()
    assert await school.auditor.findings() == []
    await school.school(S1).post(
        "staff", {"staff_id": "T6", "school_id": S1, "kind": "employee", "active_from": "2025-10-01"}
    )
    await school.audit()
    assert [finding["rule"] for finding in await school.auditor.findings()] == ["A16"]


async def test_a_closure_that_is_entered_later_dirties_its_day(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T6": 1.5}))
    await school.audit()
    await school.bureau.post(
        "closures", {"closure_id": "c", "starts_on": MONDAY, "ends_on": MONDAY, "reason": "台风", "schools": [S1]}
    )
    await school.audit()
    assert [finding["rule"] for finding in await school.auditor.findings()] == ["A01"]


async def test_a_school_that_lags_is_looked_at_when_the_district_goes_on(school: District) -> None:
    await _register(school, "3101150003")
    await _closed(school, MONDAY, S1, S2, "3101150003")
    await school.audit()
    for day in (TUESDAY, "2025-09-10"):
        for school_id in (S2, "3101150003"):
            await _closed(school, day, school_id)
            await school.audit()
    assert [(each["rule"], each["school_id"], each["service_date"]) for each in await school.auditor.findings()] == [
        ("A02", S1, TUESDAY)
    ]
    assert await audit_all(school.auditor_pool, school.rules) == 0


async def test_the_silence_of_most_schools_is_said_once_and_theirs_again_when_some_have_spoken(
    school: District,
) -> None:
    everybody = (S1, S2, "3101150003", "3101150004")
    await _register(school, *everybody[2:])
    for school_id in everybody:
        for day in (MONDAY, "2025-09-10"):
            await _closed(school, day, school_id)
            await school.audit()
    assert [(each["rule"], each["service_date"]) for each in await school.auditor.findings()] == [("D15", TUESDAY)]
    for school_id in everybody[:2]:
        await _closed(school, TUESDAY, school_id)
        await school.audit()
    assert {(each["rule"], each["school_id"]) for each in await school.auditor.findings()} == {
        ("A02", school_id) for school_id in everybody[2:]
    }
    assert await audit_all(school.auditor_pool, school.rules) == 0


async def test_a_backfill_takes_the_late_days_it_is_made_of_to_itself(school: District) -> None:
    """Day by day they are late ones; with the fifth they are one sitting, and again days when one is taken back."""
    voice = school.school(S1)
    await voice.post("days", {"school_id": S1, "service_date": "2025-09-01", "state": "closed"})
    await school.fetch("update ledger.chain_entry set recorded_at = '2025-09-01 18:00+08'")
    for day in ("08", "09", "10", "11", "12"):
        for slot in ("s1", "s2"):
            await voice.post("sessions", session(f"{day}-{slot}", slot=slot, service_date=f"2025-09-{day}"))
        await school.audit()
        found = await school.auditor.findings(rule="A03")
        assert len(found) == (0 if day == "12" else int(day) - 7)
    assert len(await school.auditor.findings(rule="A04")) == 1
    assert await audit_all(school.auditor_pool, school.rules) == 0
    # A closure is read by one of them only: the other is heard all the same.
    await school.bureau.post(
        "closures", {"closure_id": "c", "starts_on": "2025-09-03", "ends_on": "2025-09-03", "reason": "台风"}
    )
    await school.audit()
    assert await school.auditor.findings(rule="A03") == []
    await voice.delete(f"/v1/sessions/{S1}/09-s1", reason="误录")
    await school.audit()
    assert len(await school.auditor.findings(rule="A03")) == 5
    assert await audit_all(school.auditor_pool, school.rules) == 0


async def _register(district: District, *school_ids: str) -> None:
    await district.bureau.post("schools", *(school_of(school_id, "primary") for school_id in school_ids))


async def _closed(district: District, day: str, *school_ids: str) -> None:
    for school_id in school_ids:
        await district.school(school_id).post("days", {"school_id": school_id, "service_date": day, "state": "closed"})


async def test_the_days_that_are_recorded_are_those_of_the_ledger(school: District) -> None:
    await _tell_a_story(school, audit_between=True)
    recorded = "select school_id, service_date, slots from audit.recorded_day order by 1, 2"
    step_by_step = await school.fetch(recorded)
    assert [(row["school_id"], str(row["service_date"]), row["slots"]) for row in step_by_step] == [
        (S1, MONDAY, ["s1", "s3"]),
        (S1, SATURDAY, ["s1"]),
        (S2, MONDAY, ["s1"]),
    ]
    await audit_all(school.auditor_pool, school.rules)
    assert await school.fetch(recorded) == step_by_step


async def test_the_rollup_is_what_the_ledger_says(school: District) -> None:
    await _tell_a_story(school, audit_between=True)
    differing = await school.fetch(
        """
        select school_id, service_date, staff_id, staff_day.class_hours_hundredths, worked.class_hours_hundredths
        from audit.staff_day
        full join (
            select school_id, service_date, staff_id, sum(class_hours_hundredths) as class_hours_hundredths
            from ledger.work_entry
            group by school_id, service_date, staff_id
        ) as worked using (school_id, service_date, staff_id)
        where staff_day.class_hours_hundredths is distinct from worked.class_hours_hundredths
        """
    )
    assert differing == []
    rows = "select school_id, service_date, staff_id, class_hours_hundredths from audit.{} order by 1, 2, 3"
    by_school, by_person = await school.fetch(rows.format("worked")), await school.fetch(rows.format("staff_day"))
    assert by_school == by_person != []


async def test_a_rule_that_does_not_end_is_parked_and_stops_no_other(
    school: District, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_rule(tmp_path, "A97", hours=3, beside=", (select pg_sleep(600)) as slept")
    write_rule(tmp_path, "A98", hours=2)
    rules = read_catalogue(folder=tmp_path)
    monkeypatch.setattr(engine, "RULE_SECONDS", 3)
    await school.school(S1).post("duties", duty(class_hours=4))
    await audit_once(school.auditor_pool, rules)
    assert [finding["rule"] for finding in await school.auditor.findings()] == ["A98"]
    (scope,) = await parking.parked(school.auditor_pool)
    assert (scope["rule"], scope["attempts"]) == ("A97", 1)
    assert "statement timeout" in str(scope["error"])


async def test_many_workers_at_once_do_no_work_twice(school: District) -> None:
    voice = school.school(S1)
    for n in range(8):
        await voice.post("sessions", session(f"h{n}", headcount=0, staff={f"T{n + 1}": 1 + n / 4}))
    waiting = await school.fetch("select from ledger.outbox")
    async with await open_pool(school.database_url, role="taizhang_audit", size=4) as pool:
        context = {"pool": pool, "rules": school.rules}
        audited = await asyncio.gather(*(jobs.audit(context) for _ in range(4)))
    assert sum(audited) == len(waiting)
    told = await school.fetch("select position, finding_id, change from audit.finding_event order by position")
    assert [row["position"] for row in told] == list(range(1, len(told) + 1))
    opened = [row["finding_id"] for row in told if row["change"] == "opened"]
    assert len(opened) == len(set(opened)) >= 8
