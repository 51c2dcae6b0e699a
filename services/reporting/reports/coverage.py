"""Coverage (覆盖): whom the centres have inspected in a school year and who is left; who takes part, and in a quality activity."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from services.reporting.answers import Reports, Table, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.overview import Interval, Overview, overview_of, shown_pupils, shown_series
from services.reporting.periods import AcademicYear, Month, TermId, span_of
from services.reporting.visits import READERS, academic_year_of, coverage_by_stage, visits_of
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.vocabulary import Stage

router = APIRouter(prefix="/v1/reports/coverage", tags=["reports"])

_PEOPLE = Statement.from_file(Path(__file__).with_suffix(".sql"))
_COLUMNS = (
    "school_id", "name", "stage", "town", "enrolled", "opted_in", "opted_out", "participation_rate", "quality_activity_rate",
    "inspected", "last_inspected_on",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def coverage(
    reports: Reports,
    month: Month = None,
    term_id: TermId = None,
    academic_year: AcademicYear = None,
    interval: Interval = "week",
    stage: Stage | None = None,
    town: str | None = None,
    cursor: str | None = None,
    limit: Limit = 500,
) -> Response:
    """Inspection coverage of the school year with its forecast; participation and weekly quality activity; by school, those left first."""
    (after,) = decode_cursor(cursor, int) if cursor else (0,)
    async with reports.snapshot() as snapshot:
        if snapshot.is_known:
            return snapshot.unchanged()
        period = await span_of(snapshot.connection, month, term_id, academic_year)
        overview = await overview_of(snapshot, period, interval=interval, stage=stage, town=town)
        year = academic_year_of(period.name, period.first_day)
        visits = await visits_of(snapshot, year, stage) if reports.caller.kind in READERS else None
        people = await _PEOPLE.fetch(
            snapshot.connection,
            school_ids=list(overview.by_school),
            first_day=period.first_day,
            last_day=period.last_day,
        )
    items = _schools(overview, {row["school_id"]: row for row in people}, visits)
    page = items[after : after + limit]
    body = {
        "period": period.name,
        "academic_year": year,
        "from": period.first_day,
        "to": period.last_day,
        "inspections": None if visits is None else coverage_by_stage(visits, year, snapshot.today),
        "pupils": shown_pupils(overview.total()),
        "series": shown_series(overview, stage=stage, town=town),
        "items": page,
        "next_cursor": snapshot.link_next((after + limit,) if len(items) > after + limit else None),
    }
    return snapshot.answer(body, Table(f"coverage-{period.name}", _COLUMNS, [_flat(item) for item in page]))


def _schools(
    overview: Overview, people: Mapping[str, Any], visits: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """Each school with its pupils and, for those who may know, its visits; the schools that are left first."""
    shown = []
    for school in overview.schools:
        school_id = school["school_id"]
        counted = people.get(school_id, {})
        own = None if visits is None else [row for row in visits if row["school_id"] == school_id]
        days = {"from_": overview.period.first_day, "to": overview.period.last_day}
        shown.append(
            {
                **school,
                **{name: counted.get(name) for name in ("enrolled", "opted_in", "opted_out")},
                **shown_pupils(overview.by_school[school_id]),
                "inspections": None if own is None else [_visited(row) for row in own],
                "rows": {
                    "attendances": row_query("/v1/ledger/attendance", school_id=school_id, **days),
                    "inspections": row_query("/v1/reports/inspection", school_id=school_id),
                },
            }
        )
    return sorted(shown, key=lambda item: (_inspected(item) is not False, item["school_id"]))


def _visited(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "stage": row["stage"],
        "visits": row["visits"],
        "under_way": row["under_way"],
        "last_inspected_on": row["last_inspected_on"],
    }


def _inspected(item: Mapping[str, Any]) -> bool | None:
    """Whether every centre that owes the school a visit has made one; None when nobody owes one or it may not be known."""
    return all(each["visits"] for each in item["inspections"]) if item["inspections"] else None


def _flat(item: Mapping[str, Any]) -> dict[str, object]:
    last = [each["last_inspected_on"] for each in item["inspections"] or () if each["last_inspected_on"]]
    return {
        **item,
        "participation_rate": item["participation"]["rate"],
        "quality_activity_rate": item["quality_activity"]["rate"],
        "inspected": _inspected(item),
        "last_inspected_on": max(last, default=None),
    }
