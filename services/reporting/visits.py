"""Which schools the centres have inspected in a school year, which are left, and where that leads by the year's end; 二(二)."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

from services.reporting.answers import Snapshot, row_query
from shared.database import Statement

_VISITS = Statement.from_file(Path(__file__).with_suffix(".sql"))
SEPTEMBER = 9
# A school is not told of a visit: those who make them read of them.
READERS = frozenset({"centre", "bureau", "auditor"})


async def visits_of(snapshot: Snapshot, academic_year: str, stage: str | None) -> Sequence[Mapping[str, Any]]:
    """One row per school and stage that is owed a visit, those that are left first."""
    return await _VISITS.fetch(snapshot.connection, academic_year=academic_year, stage=stage, today=snapshot.today)


def academic_year_of(period_name: str, first_day: date) -> str:
    """The school year of a term's or a month's name."""
    if len(period_name) > len("2025-10"):
        return period_name[:9]
    start = first_day.year if first_day.month >= SEPTEMBER else first_day.year - 1
    return f"{start}-{start + 1}"


def coverage_by_stage(rows: Sequence[Mapping[str, Any]], academic_year: str, today: date) -> list[dict[str, object]]:
    """Each centre's coverage: schools owed and inspected, and at this pace by the year's end."""
    shown = []
    for stage in sorted({row["stage"] for row in rows}):
        owed = [row for row in rows if row["stage"] == stage]
        inspected = sum(row["visits"] > 0 for row in owed)
        starts_on, ends_on = owed[0]["starts_on"], owed[0]["ends_on"]
        shown.append(
            {
                "stage": stage,
                "schools": len(owed),
                "inspected": inspected,
                "left": len(owed) - inspected,
                "rate": round(inspected / len(owed), 4),
                "forecast": forecast(len(owed), inspected, starts_on, ends_on, today),
                "rows": row_query("/v1/reports/coverage", academic_year=academic_year, stage=stage),
            }
        )
    return shown


def forecast(owed: int, inspected: int, starts_on: date, ends_on: date, today: date) -> dict[str, object] | None:
    """How many will have been inspected by the year's end at the pace so far, and how many a week it takes; None before it begins.

    When the year is over, what was reached.
    """
    if today < starts_on:
        return None
    days, elapsed = (ends_on - starts_on).days + 1, (min(today, ends_on) - starts_on).days + 1
    weeks_left = max((ends_on - today).days / 7, 0)
    return {
        "elapsed": round(elapsed / days, 4),
        "inspected_by_end": min(owed, inspected * days // elapsed),
        "needed_per_week": ceil((owed - inspected) / weeks_left) if weeks_left else None,
        "on_course": inspected * days >= owed * elapsed,
    }
