"""The district at a glance: participation, quality activity, class hours, cost, discipline, findings, inspections; 三.

By stage, town, school, category, slot and time. No pay of a person and no pupil is in it; every number has the address of its rows.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Reports, Table, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.overview import (
    Interval,
    Overview,
    Sums,
    finding_rows,
    overview_of,
    service_rows,
    shown_findings,
    shown_kinds,
    shown_school_sums,
    shown_series,
)
from services.reporting.periods import Month, TermId, period_of
from services.reporting.visits import READERS, academic_year_of, coverage_by_stage, visits_of
from shared.pagination import Limit, decode_cursor
from shared.vocabulary import SchoolKind, Stage

router = APIRouter(prefix="/v1/reports/district", tags=["reports"])

_COLUMNS = (
    "school_id", "name", "stage", "town", "sessions", "cancelled", "class_hours", "attendances", "participation_rate",
    "quality_activity_rate", "cost_per_attendance_fen", "missing_days", "late_days", "open_findings", "amount_at_risk_fen",
    "overdue_rectifications",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def district(
    reports: Reports,
    month: Month = None,
    term_id: TermId = None,
    interval: Interval = "week",
    stage: Stage | None = None,
    town: str | None = None,
    only: Annotated[
        Literal["primary", "junior", "nine_year"] | None, Query(description="schools of this stage and no other")
    ] = None,
    kind: SchoolKind | None = None,
    cursor: str | None = None,
    limit: Limit = 500,
) -> Response:
    """The totals of all schools that the reader sees, and the same by stage, town, school, category, slot and time."""
    (after,) = decode_cursor(cursor, str) if cursor else ("",)
    async with reports.snapshot() as snapshot:
        if snapshot.is_known:
            return snapshot.unchanged()
        period = await period_of(snapshot.connection, month, term_id, as_of=snapshot.as_of)
        overview = await overview_of(snapshot, period, interval=interval, stage=stage, town=town, only=only, kind=kind)
        year = academic_year_of(period.name, period.first_day)
        visits = await visits_of(snapshot, year, stage) if reports.caller.kind in READERS else None
    scope = {"stage": stage, "town": town}
    sorted_out = {"only": only, "kind": kind}
    asked = {"month": month, "term_id": term_id}
    following = [school for school in overview.schools if school["school_id"] > after]
    page = following[:limit]
    items = [_school(overview, school, asked) for school in page]
    body = {
        "period": period.name,
        "from": period.first_day,
        "to": period.last_day,
        "schools": len(overview.schools),
        "totals": {
            **shown_school_sums(overview.total(), len(overview.schools)),
            "rows": {
                # The lists of records know stages and towns; a narrower choice has its rows school by school.
                **({} if any(sorted_out.values()) else _rows(overview, **scope)),
                "participation": row_query("/v1/reports/coverage", **asked, **scope),
                "quality_activity": row_query("/v1/reports/coverage", **asked, **scope),
                "cost": row_query("/v1/reports/district", **asked, **scope, **sorted_out),
                "schools": row_query("/v1/reports/district", **asked, **scope, **sorted_out),
            },
        },
        **{f"by_{name}": _groups(overview, name, asked, {**scope, **sorted_out}) for name in ("stage", "town", "kind")},
        **{
            name: [{**part, "rows": None} for part in parts] if any(sorted_out.values()) else parts
            for name, parts in (
                ("by_category", shown_kinds(overview, "category", **scope)),
                ("by_slot", shown_kinds(overview, "slot", **scope)),
                ("series", shown_series(overview, **scope)),
                ("findings", shown_findings(overview, **scope)),
            )
        },
        "inspections": None if visits is None else coverage_by_stage(visits, year, snapshot.today),
        "items": items,
        "next_cursor": snapshot.link_next((page[-1]["school_id"],) if len(following) > limit else None),
    }
    return snapshot.answer(body, Table(f"district-{period.name}", _COLUMNS, [_flat(item) for item in items]))


def _rows(overview: Overview, **scope: str | None) -> dict[str, object]:
    period = overview.period
    return {
        **service_rows(period.first_day, period.last_day, **scope),
        **finding_rows(period, **scope),
        "rectifications": row_query("/v1/reports/oversight", resource="rectifications", settled="false", **scope),
    }


def _groups(
    overview: Overview, name: str, asked: dict[str, str | None], scope: dict[str, str | None]
) -> list[dict[str, object]]:
    """The schools' sums by stage, town or kind; the rows of a group are its schools."""
    number: dict[str, int] = {}
    for school in overview.schools:
        number[school[name] or ""] = number.get(school[name] or "", 0) + 1

    def shown(group: str, sums: Sums) -> dict[str, object]:
        narrowed = {**scope, "only" if name == "stage" else name: group or None}
        return {
            name: group or None,
            "schools": number[group],
            **shown_school_sums(sums, number[group]),
            "rows": row_query("/v1/reports/district", **asked, **narrowed),
        }

    return [shown(group, sums) for group, sums in overview.grouped(name).items()]


def _school(overview: Overview, school: Any, asked: dict[str, str | None]) -> dict[str, Any]:
    school_id = school["school_id"]
    return {
        **school,
        **shown_school_sums(overview.by_school[school_id], 1),
        "rows": {
            **_rows(overview, school_id=school_id),
            **dict.fromkeys(
                ("profile", "participation", "quality_activity"),
                row_query(f"/v1/reports/schools/{school_id}", **asked),
            ),
            "cost": row_query("/v1/reports/reconciliation", school_id=school_id, **asked),
        },
    }


def _flat(item: dict[str, Any]) -> dict[str, object]:
    return {
        **item,
        "participation_rate": item["participation"]["rate"],
        "quality_activity_rate": item["quality_activity"]["rate"],
        "cost_per_attendance_fen": item["cost"]["per_attendance_fen"],
        **item["discipline"],
        "open_findings": item["findings"]["open"],
        "amount_at_risk_fen": item["findings"]["amount_at_risk_fen"],
        "overdue_rectifications": item["rectifications"]["overdue"],
    }
