"""Reads of then: whatever happened to the records, the ledger answers `as_of` an instant what it served at that instant."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.cli.embedded import Stores
from tests.world.district import District, Json, Voice, open_district
from tests.world.standard import MONDAY, PLAN, S1, TERM, TUESDAY, duty, session, sheet, staff_of

days = st.sampled_from([MONDAY, TUESDAY, "2025-10-15"])
# Two of each are enough to get in each other's way, and few enough that one is changed again and again.
sessions_named = st.sampled_from(["h1", "h2"])
pupils = st.sampled_from(["P1", "P2", "P3"])
statuses = st.sampled_from(["present", "late", "left_early", "absent", "excused"])
class_hours = st.sampled_from([0.25, 0.75, 1.5])
reasons = st.sampled_from([None, "更正"])

Step = tuple[str, Any]


def _posted(resource: str, build: Callable[..., Json], *args: Any, **fields: Any) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(resource), st.builds(build, *args, **fields))


def _called_roll(session_id: str, service_date: str, marks: dict[str, str], reason: str | None) -> Json:
    called: dict[str, list[str]] = {}
    for pupil, status in marks.items():
        called.setdefault(status, []).append(pupil)
    return sheet(session_id, **{"present": [], **called}, service_date=service_date, reason=reason)


def _mark(session_id: str, service_date: str, student_id: str, status: str, reason: str | None) -> Json:
    key = {"school_id": S1, "session_id": session_id, "service_date": service_date}
    return {**key, "student_id": student_id, "status": status, "reason": reason}


def _held(session_id: str, hours: float, **given: Any) -> Json:
    return session(session_id, staff={"T1": hours, "T2": 0.5}, **given)


steps = st.lists(
    st.one_of(
        _posted(
            "sessions",
            _held,
            sessions_named,
            class_hours,
            service_date=days,
            headcount=st.integers(0, 2),
            state=st.sampled_from(["held", "held", "cancelled"]),
            reason=reasons,
        ),
        _posted("attendance", _called_roll, sessions_named, days, st.dictionaries(pupils, statuses), reasons),
        _posted("attendance", _mark, sessions_named, days, pupils, statuses, reasons),
        _posted("duties", duty, st.just("d1"), st.sampled_from(["T1", "T9"]), class_hours, service_date=days, reason=reasons),
        _posted(
            "days",
            lambda day, pupils: {"school_id": S1, "service_date": day, "state": "closed", "pupils": pupils, "reason": "结账"},
            days,
            st.integers(0, 1),
        ),
        _posted("rooms", lambda capacity: {"school_id": S1, "room": "101", "capacity": capacity}, st.integers(1, 2)),
        _posted("staff", lambda kind: {**staff_of(S1, "T1"), "kind": kind}, st.sampled_from(["employee", "retired"])),
        _posted(
            "allocation-plans", lambda rate: {**PLAN, "rate_fen_per_class_hour": {"*": rate}}, st.sampled_from([7000, 8000])
        ),
        st.tuples(
            st.just("void"),
            st.sampled_from(
                [
                    f"sessions/{S1}/h1",
                    f"sessions/{S1}/h2",
                    f"attendance/{S1}/h1",
                    f"duties/{S1}/d1",
                    f"rooms/{S1}/101",
                    f"days/{S1}/{MONDAY}",
                ]
            ),
        ),
    ),
    min_size=8,
    max_size=16,
)  # fmt: skip

OF_THE_LEDGER = (
    f"/v1/sessions/{S1}/h1", f"/v1/sessions/{S1}/h2", f"/v1/attendance/{S1}/h1", f"/v1/attendance/{S1}/h2",
    f"/v1/duties/{S1}/d1", f"/v1/days/{S1}/{MONDAY}", f"/v1/rooms/{S1}/101", "/v1/staff/T1",
    f"/v1/duties?school_id={S1}", f"/v1/rooms?school_id={S1}", f"/v1/days?school_id={S1}",
)  # fmt: skip
OF_REPORTING = (
    f"/v1/ledger/sessions?school_id={S1}&limit=1000",
    f"/v1/reports/workload?school_id={S1}&month=2025-09",
    f"/v1/reports/workload?school_id={S1}&term_id={TERM}",
    f"/v1/reports/compensation?school_id={S1}&term_id={TERM}",
)


# A history that fails is short enough to read as it is; making it shorter would take minutes.
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(history=steps)
async def test_what_was_served_at_an_instant_is_served_as_of_it_for_ever(
    history: list[Step],
    clone_standard: Callable[[], AbstractContextManager[str]],
    stores: Stores,
    signing_key: str,
) -> None:
    with clone_standard() as url:
        async with open_district(url, stores.redis_url, signing_key) as district:
            served = [(datetime.fromisoformat(instant), await _reads(district)) for instant in await _began(district)]
            for step in history:
                recorded_at = await _take(district.school(S1), step)
                if recorded_at is not None:
                    served.append((datetime.fromisoformat(recorded_at), await _reads(district)))
            for instant, then in served:
                assert await _reads(district, as_of=instant) == then
            # What was served held until the next record came, to the microsecond.
            for (_, before), (instant, _) in pairwise(served):
                assert await _reads(district, as_of=instant - timedelta(microseconds=1)) == before


async def _began(district: District) -> list[str]:
    """The instant at which the registers stood."""
    (last,) = await district.fetch("select max(recorded_at) as recorded_at from ledger.batch")
    return [last["recorded_at"].isoformat()]


async def _take(voice: Voice, step: Step) -> str | None:
    """One step through the API; the instant it was recorded at, None when nothing was."""
    resource, what = step
    if resource == "void":
        answer = await voice.send("DELETE", f"/v1/{what}", params={"reason": "误录"})
    else:
        answer = await voice.send("POST", f"/v1/{resource}", json=what)
    # Nothing to take back, or a correction of a closed day that does not say why.
    assert answer.status_code in {200, 404, 409, 422}, answer.text
    if answer.status_code == 422:
        assert answer.json()["code"] == "reason_needed", answer.text
    recorded = answer.status_code == 200 and answer.json()["chains"]
    return str(answer.json()["recorded_at"]) if recorded else None


async def _reads(district: District, *, as_of: datetime | None = None) -> dict[str, object]:
    """What every address answers, now or as of an instant."""
    parameters = {} if as_of is None else {"as_of": as_of.isoformat()}
    shown: dict[str, object] = {}
    for path in OF_THE_LEDGER:
        place, _, query = path.partition("?")
        options = dict(each.split("=") for each in query.split("&") if each)
        answer = await district.auditor.send("GET", place, params=options | parameters)
        shown[path] = (answer.status_code, answer.json() if answer.status_code == 200 else None)
    for path in OF_REPORTING:
        place, _, query = path.partition("?")
        body = await district.auditor.report(place, **dict(each.split("=") for each in query.split("&")), **parameters)
        # What differs is what was asked, and what the reader's chains have come to since.
        shown[path] = {name: value for name, value in body.items() if name not in {"as_of", "reflects"}}
    return shown
