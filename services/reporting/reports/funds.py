"""Funds (专项补助经费): granted, booked, stated, accepted and paid of a term, by school; arrears and balance; 三(四), 三(六)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Reports, Table, require_school, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.overview import SCHOOLS
from services.reporting.periods import period_of
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.vocabulary import Stage

router = APIRouter(prefix="/v1/reports/funds", tags=["reports"])

_FUNDS = Statement.from_file(Path(__file__).with_suffix(".sql"))
_ENROLLED = Statement.parse(
    "select school_id, sum(pupils) as pupils from audit.enrolment_of(:school_ids) "
    "where enrolled_from <= :last_day and enrolled_to >= :first_day group by school_id"
)
_AMOUNTS = (
    "disbursed_fen", "received_fen", "spent_fen", "balance_fen", "stated_fen", "accepted_fen", "paid_fen", "arrears_fen",
    "overpaid_fen",
)  # fmt: skip
_COLUMNS = (
    "school_id", "name", "stage", "town", "kind", "enrolled", "disbursed_per_pupil_fen", *_AMOUNTS, "people_in_arrears",
    "disbursed_on", "paid_on",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def funds(
    reports: Reports,
    term_id: Annotated[str, Query(pattern=r"^[0-9]{4}-[0-9]{4}-[12]$", examples=["2025-2026-1"])],
    school_id: str | None = None,
    stage: Stage | None = None,
    town: str | None = None,
    cursor: str | None = None,
    limit: Limit = 500,
) -> Response:
    """By school: grants, the subsidy's book, pay stated, accepted and paid, arrears; by stage, town and kind what a pupil got."""
    (after,) = decode_cursor(cursor, int) if cursor else (0,)
    async with reports.snapshot() as snapshot:
        if school_id is not None:
            await require_school(snapshot, school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        period = await period_of(snapshot.connection, None, term_id, as_of=snapshot.as_of)
        days = {"first_day": period.first_day, "last_day": period.last_day}
        asked = {"school_id": school_id, "stage": stage, "town": town, "only": None, "kind": None}
        schools = await SCHOOLS.fetch(snapshot.connection, **asked, **days)
        ids = [school["school_id"] for school in schools]
        rows = await _FUNDS.fetch(snapshot.connection, term_id=term_id, school_ids=ids)
        enrolled = dict(await _ENROLLED.fetch(snapshot.connection, school_ids=ids, **days))
    items = [_shown(school, row, enrolled, term_id) for school, row in zip(schools, rows, strict=True)]
    page = items[after : after + limit]
    body = {
        "period": term_id,
        "currency": "CNY",
        "totals": _sums(items),
        **{f"by_{name}": _groups(items, name) for name in ("stage", "town", "kind")},
        "items": page,
        "next_cursor": snapshot.link_next((after + limit,) if len(items) > after + limit else None),
    }
    return snapshot.answer(body, Table(f"funds-{term_id}", _COLUMNS, page))


def _shown(
    school: Mapping[str, Any], row: Mapping[str, Any], enrolled: Mapping[str, int], term_id: str
) -> dict[str, Any]:
    pupils = enrolled.get(school["school_id"])
    return {
        **dict(school),
        **{name: row[name] for name in (*_AMOUNTS, "people_in_arrears", "disbursed_on", "paid_on")},
        "enrolled": pupils,
        "disbursed_per_pupil_fen": _by_pupil(row["disbursed_fen"], pupils),
        "spent_by_category": msgspec.json.decode(row["spent_by_category"] or b"{}"),
        "rows": row_query("/v1/reports/reconciliation", school_id=school["school_id"], term_id=term_id),
    }


def _by_pupil(amount_fen: int | None, pupils: int | None) -> float | None:
    return round(amount_fen / pupils, 2) if amount_fen is not None and pupils else None


def _sums(items: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """What adds up; None where no school says anything. A pupil's part is of the schools whose grant is known."""
    known = [item for item in items if item["disbursed_fen"] is not None and item["enrolled"]]
    sums: dict[str, object] = {"schools": len(items), "enrolled": sum(item["enrolled"] or 0 for item in items)}
    for name in _AMOUNTS:
        amounts = [item[name] for item in items if item[name] is not None]
        sums[name] = sum(amounts) if amounts else None
    granted, pupils = sum(item["disbursed_fen"] for item in known), sum(item["enrolled"] for item in known)
    return {
        **sums,
        "people_in_arrears": sum(item["people_in_arrears"] for item in items),
        "disbursed_per_pupil_fen": _by_pupil(granted, pupils) if known else None,
    }


def _groups(items: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, object]]:
    return [
        {name: group or None, **_sums([item for item in items if (item[name] or "") == group])}
        for group in sorted({item[name] or "" for item in items})
    ]
