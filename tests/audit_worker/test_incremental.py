"""Batch by batch, in whatever order, with audits that die in the middle, says what one full audit of the end says."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.audit_worker import claims, engine
from services.audit_worker.engine import audit_all, audit_days, audit_once
from services.cli.embedded import Stores
from tests.world.district import District, open_district
from tests.world.standard import MONDAY, S1, S2, TUESDAY, duty, session, sheet

Json = dict[str, Any]
# What happens: (what, with which values).
Step = tuple[str, Any]
PEOPLE = {S1: ["T1", "T2", "W1"], S2: ["U1", "W1"]}
SAID = """
    select finding_id, rule, rule_version, state, expected, found, hours_at_risk_hundredths, amount_at_risk_fen,
        evidence::text as evidence, parameters::text as parameters, related, says
    from audit.finding where state <> 'cleared' order by finding_id
"""
BEFORE_IT_IS_REBUILT = (
    "truncate audit.finding, audit.finding_event, audit.held_back, audit.staff_day, audit.work_day, audit.work_month, audit.recorded_day, audit.district_day, "
    "audit.school_day, audit.audited_day, audit.district_progress"
)
# Each finding's last event says the state that it is in.
LAST_TOLD = """
    select finding_id, finding.state, told.state as told
    from audit.finding
    inner join lateral (
        select event.state from audit.finding_event as event
        where event.finding_id = finding.finding_id order by position desc limit 1
    ) as told on true
    where finding.state <> told.state
"""
DISPOSITIONS: list[Json] = [
    {"kind": "acknowledge"},
    {"kind": "explain", "text": "补录"},
    {"kind": "confirm"},
    {"kind": "dismiss", "reason_code": "permitted", "text": "已批准"},
    {"kind": "reopen", "text": "再核"},
    {"kind": "comment", "text": "已联系"},
]
days = st.sampled_from([MONDAY, TUESDAY])
hours = st.sampled_from([0.75, 1.5, 2.25, 6])
schools = st.sampled_from([S1, S2])


@st.composite
def _sessions(draw: st.DrawFn) -> Step:
    school_id = draw(schools)
    people = draw(st.lists(st.sampled_from(PEOPLE[school_id]), min_size=1, max_size=2, unique=True))
    record = session(
        draw(st.sampled_from(["a", "b"])),
        school_id=school_id,
        service_date=draw(days),
        headcount=draw(st.sampled_from([0, 3, 20])),
        activity=draw(st.sampled_from(["作业辅导", "围棋"])),
        staff={staff_id: draw(hours) for staff_id in people},
        reason="更正",
    )
    return "sessions", record


steps = st.one_of(
    _sessions(),
    st.builds(
        lambda key, day, present: ("attendance", sheet(key, service_date=day, present=present, reason="更正")),
        st.sampled_from(["a", "b"]),
        days,
        st.sampled_from([0, 3, 20]),
    ),
    st.builds(lambda day, n: ("duties", duty(class_hours=n, service_date=day, reason="更正")), days, hours),
    st.builds(
        lambda day: ("leaves", {"staff_id": "W1", "starts_on": day, "ends_on": TUESDAY, "kind": "sick"}),
        days,
    ),
    st.builds(lambda day: ("days", {"school_id": S1, "service_date": day, "state": "closed"}), days),
    st.builds(
        lambda n: (
            "publications",
            {
                "school_id": S1,
                "publication_id": "sep",
                "kind": "monthly_workload",
                "period": "2025-09",
                "lines": [{"staff_id": "T1", "class_hours": n}],
            },
        ),
        hours,
    ),
    st.just(("taken back", None)),
    st.tuples(st.just("audited"), st.none()),
    st.tuples(st.just("days audited"), st.none()),
    # The worker dies before it has written what it found, or after.
    st.tuples(st.just("dies"), st.booleans()),
    st.tuples(st.just("decided"), st.tuples(st.integers(0, 20), st.integers(0, 5), st.booleans())),
)


async def _happens(district: District, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    what, value = step
    if what == "audited":
        await audit_once(district.auditor_pool, district.rules)
    elif what == "days audited":
        await audit_days(district.auditor_pool, district.rules)
    elif what == "dies":
        await _die(district, value, monkeypatch)
    elif what == "decided":
        await _decide(district, *value)
    elif what == "taken back":
        await district.school(S1).send("DELETE", f"/v1/sessions/{S1}/a", params={"reason": "误录"})
    else:
        # A roll of a session that is not there yet is refused: that is no fact.
        school_id = value.get("school_id", S1)
        answer = await district.school(school_id, S1).send("POST", f"/v1/{what}", json=[value])
        assert answer.status_code in {200, 422}, answer.text


async def _die(district: District, written: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit that ends in the middle, as kill -9 would end it: what it has not committed is not there."""
    write_changes = engine.write_changes

    async def write_and_die(*arguments: Any) -> None:
        if written:
            await write_changes(*arguments)
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(engine, "write_changes", write_and_die)
        try:
            await audit_once(district.auditor_pool, district.rules)
        except asyncio.CancelledError:
            return


async def _decide(district: District, which: int, kind: int, by_school: bool) -> None:
    findings = await district.fetch("select finding_id, school_id from audit.finding order by finding_id")
    if findings:
        finding = findings[which % len(findings)]
        voice = district.school(finding["school_id"]) if by_school else district.auditor
        path = f"/v1/findings/{finding['finding_id']}/dispositions"
        answer = await voice.send("POST", path, json=DISPOSITIONS[kind])
        assert answer.status_code in {200, 403, 409}, answer.text


async def _told_in_order(district: District) -> None:
    positions = await district.fetch("select position from audit.finding_event order by position")
    assert [row["position"] for row in positions] == list(range(1, len(positions) + 1))
    assert await district.fetch(LAST_TOLD) == []
    disposed = await district.fetch(
        "select disposition_id, count(told.position) as told from ledger.disposition "
        "left join audit.finding_event as told using (disposition_id) group by disposition_id"
    )
    assert all(row["told"] == 1 for row in disposed)


@settings(
    max_examples=10,
    deadline=None,
    # A history is short as it is: to shorten one that fails would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(history=st.lists(steps, min_size=6, max_size=16), claim=st.tuples(st.integers(1, 4), st.integers(1, 3)))
def test_any_history_ends_in_what_one_full_audit_of_its_end_finds(
    history: list[Step],
    claim: tuple[int, int],
    clone_standard: Callable[[], AbstractContextManager[str]],
    stores: Stores,
    signing_key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def live(url: str) -> None:
        async with open_district(url, stores.redis_url, signing_key) as district:
            for step in history:
                await _happens(district, step, monkeypatch)
            await district.audit()
            step_by_step = await district.fetch(SAID)
            await _told_in_order(district)
            assert await audit_all(district.auditor_pool, district.rules) == 0
            for code in sorted({row["rule"] for row in step_by_step})[:3]:
                assert await audit_all(district.auditor_pool, district.rules, only=code) == 0
            await district.fetch(BEFORE_IT_IS_REBUILT)
            await audit_all(district.auditor_pool, district.rules)
            assert await district.fetch(SAID) == step_by_step

    with monkeypatch.context() as bounded, clone_standard() as url:
        bounded.setattr(claims, "CLAIM_ROWS", claim[0])
        bounded.setattr(claims, "CLAIM_SCHOOLS", claim[1])
        asyncio.run(live(url))
