"""Discipline of recording (台账是否按日记录): schools by service days, what is there, late, missing; the days' figures; 一(二)1."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Reports, Table
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.periods import Month, TermId, period_of
from shared.database import Statement
from shared.vocabulary import Stage

router = APIRouter(prefix="/v1/reports/discipline", tags=["reports"])

DayRecord = Literal["closed", "recorded", "late", "missing", "no_service", "none"]

_DAYS = Statement.from_file(Path(__file__).with_suffix(".sql"))
_CSV_COLUMNS = (
    "school_id", "name", "town", "service_date", "record", "recorded_on", "findings", "sessions", "rolled_sessions",
    "class_hours", "came", "pupils_missing",
)  # fmt: skip
_FIGURES = ("sessions", "rolled_sessions", "came", "pupils_missing")


@router.get("", responses=IN_EITHER_FORMAT)
async def discipline(
    reports: Reports,
    month: Month = None,
    term_id: TermId = None,
    school_id: Annotated[str | None, Query()] = None,
    stage: Stage | None = None,
    town: str | None = None,
) -> Response:
    """Schools by service days until today: `closed`, `recorded`, `late`, `missing`, `no_service`, or `none` yet.

    A day is `missing` and `late` as the rules A02, A03 and A04 found, and nobody dismissed.
    """
    async with reports.snapshot() as snapshot:
        if snapshot.is_known:
            return snapshot.unchanged()
        period = await period_of(snapshot.connection, month, term_id, as_of=snapshot.as_of)
        rows = await _DAYS.fetch(
            snapshot.connection,
            first_day=period.first_day,
            last_day=min(period.last_day, snapshot.today),
            school_id=school_id,
            stage=stage,
            town=town,
        )
    body = {"period": period.name, "dates": _totals(rows), "items": _schools(rows)}
    flat = [{"school_id": row["school_id"], "name": row["name"], "town": row["town"], **_day(row)} for row in rows]
    return snapshot.answer(body, Table(f"discipline-{period.name}", _CSV_COLUMNS, flat))


def _schools(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """One item a school, its days in their order."""
    schools: dict[str, dict[str, Any]] = {}
    for row in rows:
        school = schools.setdefault(
            row["school_id"],
            {**{name: row[name] for name in ("school_id", "name", "stages", "town")}, "days": []},
        )
        school["days"].append(_day(row))
    return list(schools.values())


def _totals(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """One item a service day: how many schools of each record, and the sums of what the audit has seen."""
    dates: dict[date, dict[str, Any]] = {}
    for row in rows:
        total = dates.setdefault(
            row["service_date"],
            {
                "service_date": row["service_date"],
                "schools": 0,
                "records": {},
                **dict.fromkeys(_FIGURES),
                "class_hours": None,
            },
        )
        record = _record(row)
        total["schools"] += 1
        total["records"][record] = total["records"].get(record, 0) + 1
        for name in _FIGURES:
            if row[name] is not None:
                total[name] = (total[name] or 0) + row[name]
        if row["class_hours_hundredths"] is not None:
            # Whole hundredths until all are there.
            total["class_hours"] = (total["class_hours"] or 0) + row["class_hours_hundredths"]
    for total in dates.values():
        if total["class_hours"] is not None:
            total["class_hours"] /= 100
    return [dates[day] for day in sorted(dates)]


def _day(row: Any) -> dict[str, Any]:
    hundredths = row["class_hours_hundredths"]
    return {
        "service_date": row["service_date"],
        "record": _record(row),
        "recorded_on": row["recorded_on"],
        "slots": row["slots"],
        "findings": row["findings"],
        "class_hours": None if hundredths is None else hundredths / 100,
        **{name: row[name] for name in _FIGURES},
    }


def _record(row: Any) -> DayRecord:
    if row["day_state"] == "no_service":
        return "no_service"
    if row["is_missing"]:
        return "missing"
    if row["is_late"]:
        return "late"
    if not row["is_recorded"]:
        return "none"
    return "closed" if row["day_state"] == "closed" else "recorded"
