"""A school at a glance: its profile of a month or a term, and the calendar of what its ledger has day by day; 一(二)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from services.reporting.answers import Reports, Snapshot, Table, require_school, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.overview import (
    Interval,
    Sums,
    finding_rows,
    overview_of,
    rate,
    service_rows,
    shown_findings,
    shown_kinds,
    shown_school_sums,
    shown_series,
)
from services.reporting.periods import Month, Period, TermId, chain_position, period_of
from shared.database import Statement

router = APIRouter(prefix="/v1/reports/schools", tags=["reports"])

_CALENDAR = Statement.from_file(Path(__file__).with_suffix(".sql"))
_ROOMS = Statement.from_file(Path(__file__).with_name("schools_rooms.sql"))
_ENROLLED = Statement.parse(
    "select grade, sum(pupils) as pupils from audit.enrolment_of(array[:school_id::text]) "
    "where enrolled_from <= :last_day and enrolled_to >= :first_day group by grade order by grade"
)
_COLUMNS = (
    "service_date", "state", "is_service_day", "sessions", "class_hours", "attendances", "recorded_on", "reason",
)  # fmt: skip


@router.get("/{school_id}", responses=IN_EITHER_FORMAT)
async def school_profile(
    reports: Reports, school_id: str, month: Month = None, term_id: TermId = None, interval: Interval = "week"
) -> Response:
    """A school's totals, the same by category, slot and time, its findings, and the calendar of its ledger."""
    async with reports.snapshot() as snapshot:
        await require_school(snapshot, school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        period = await period_of(snapshot.connection, month, term_id, as_of=snapshot.as_of)
        chain = await chain_position(snapshot.connection, school_id, as_of=snapshot.as_of)
        days = {"first_day": period.first_day, "last_day": period.last_day}
        overview = await overview_of(snapshot, period, interval=interval, school_id=school_id)
        calendar = _calendar(snapshot, await _CALENDAR.fetch(snapshot.connection, school_id=school_id, **days))
        rooms = await _ROOMS.fetch(snapshot.connection, school_id=school_id, **days)
        enrolled = await _ENROLLED.fetch(snapshot.connection, school_id=school_id, **days)
    # Its entry in the register may speak of other years than these.
    register = overview.schools[0] if overview.schools else {"school_id": school_id}
    sums = overview.by_school.get(school_id, Sums())
    body = {
        **register,
        "period": period.name,
        "from": period.first_day,
        "to": period.last_day,
        "chain": chain,
        "enrolled": {str(row["grade"]): row["pupils"] for row in enrolled},
        "totals": {**shown_school_sums(sums, 1), "rows": _rows(school_id, period, month, term_id)},
        "by_category": shown_kinds(overview, "category", school_id=school_id),
        "by_slot": shown_kinds(overview, "slot", school_id=school_id),
        "by_room": [_room(row, school_id, period) for row in rooms],
        "series": shown_series(overview, school_id=school_id),
        "findings": shown_findings(overview, school_id=school_id),
        "calendar": calendar,
        "completeness": _completeness(calendar),
    }
    return snapshot.answer(body, Table(f"school-{school_id}-{period.name}", _COLUMNS, calendar))


def _rows(school_id: str, period: Period, month: str | None, term_id: str | None) -> dict[str, object]:
    of_school = {"school_id": school_id, "from_": period.first_day, "to": period.last_day}
    asked = {"school_id": school_id, "month": month, "term_id": term_id}
    rolls = row_query("/v1/ledger/attendance", session_state="held", **of_school)
    return {
        **service_rows(period.first_day, period.last_day, school_id=school_id),
        "class_hours": row_query("/v1/reports/workload", **asked),
        "participation": rolls,
        "quality_activity": rolls,
        "cost": row_query("/v1/reports/reconciliation", **asked),
        **finding_rows(period, school_id=school_id),
        "rectifications": row_query(
            "/v1/reports/oversight", resource="rectifications", settled="false", school_id=school_id
        ),
    }


def _room(row: Mapping[str, Any], school_id: str, period: Period) -> dict[str, object]:
    held = row_query(
        "/v1/ledger/sessions",
        state="held",
        school_id=school_id,
        room=row["room"],
        from_=period.first_day,
        to=period.last_day,
    )
    return {**row, "use": rate(row["headcount"], row["seats"] or 0), "rows": held}


def _calendar(snapshot: Snapshot, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """A day's state: closed, recorded, no_service, missing (a service day before the last recorded one or today), or due.

    A day after the last recorded one is due until it is over: what is still to come is not missing.
    """
    recorded = [row["service_date"] for row in rows if row["is_recorded"]]
    last = recorded[-1] if recorded else None
    return [
        {
            "service_date": row["service_date"].isoformat(),
            "is_service_day": row["is_service_day"],
            "state": _state(row, last, snapshot),
            "sessions": row["sessions"],
            "class_hours": None if row["class_hours_hundredths"] is None else row["class_hours_hundredths"] / 100,
            "attendances": row["came"],
            "recorded_on": row["recorded_on"],
            "reason": row["reason"],
        }
        for row in rows
    ]


def _state(row: Mapping[str, Any], last: Any, snapshot: Snapshot) -> str:
    if row["is_recorded"]:
        return row["day_state"] or "recorded"
    is_over = row["service_date"] < snapshot.today
    return "missing" if last is not None and row["service_date"] < last else "due" if not is_over else "not_recorded"


def _completeness(calendar: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """How many service days are in each state."""
    states = [str(day["state"]) for day in calendar if day["is_service_day"]]
    return {"service_days": len(states), **{state: states.count(state) for state in sorted(set(states))}}
