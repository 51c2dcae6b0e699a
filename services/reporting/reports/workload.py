"""Workload (工作量): each person's dates and class hours of a month or a term; 一(二)1."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.dependencies import IN_EITHER_FORMAT, AnswerFormat, Pool, ReportReader
from services.reporting.periods import Month, TermId, chain_position, period_of
from services.reporting.sheets.delimited import csv_response
from shared.asgi import AsOf
from shared.database import Statement, reading
from shared.pagination import Limit, decode_cursor, encode_cursor
from shared.problems import Refused

router = APIRouter(prefix="/v1/reports/workload", tags=["reports"])

_WORKLOAD = Statement.from_file(Path(__file__).with_suffix(".sql"))
_COLUMNS = ("staff_id", "dates", "class_hours")


@router.get("", responses=IN_EITHER_FORMAT)
async def workload(
    caller: ReportReader,
    pool: Pool,
    answer: AnswerFormat,
    school_id: Annotated[str, Query()],
    month: Month = None,
    term_id: TermId = None,
    as_of: AsOf = None,
    cursor: str | None = None,
    limit: Limit = 200,
) -> Response:
    """By staff: dates, class hours in all and by slot, category and role."""
    (after,) = decode_cursor(cursor, str) if cursor else ("",)
    async with reading(pool, caller.visible) as connection:
        period = await period_of(connection, month, term_id, as_of=as_of)
        chain = await chain_position(connection, school_id, as_of=as_of)
        if chain is None:
            raise Refused("not_found")
        rows = await _WORKLOAD.fetch(
            connection,
            school_id=school_id,
            first_day=period.first_day,
            last_day=period.last_day,
            as_of=as_of,
            after=after,
            limit=limit + 1,
        )
    items = [_shown(row) for row in rows[:limit]]
    if answer == "csv":
        return csv_response(_COLUMNS, items, name=f"workload-{school_id}-{period.name}")
    body = {
        "school_id": school_id,
        "period": period.name,
        "as_of": as_of,
        "chain": chain,
        "items": items,
        "next_cursor": encode_cursor((rows[limit - 1]["staff_id"],)) if len(rows) > limit else None,
    }
    return Response(msgspec.json.encode(body), media_type="application/json")


def _shown(row: Any) -> dict[str, Any]:
    return {
        "staff_id": row["staff_id"],
        "dates": sorted(day.isoformat() for day in row["dates"]),
        "class_hours": row["class_hours_hundredths"] / 100,
        **{name: _class_hours(row[name]) for name in ("by_slot", "by_category", "by_role")},
    }


def _class_hours(parts: str) -> dict[str, float]:
    return {name: hundredths / 100 for name, hundredths in msgspec.json.decode(parts, type=dict[str, int]).items()}
