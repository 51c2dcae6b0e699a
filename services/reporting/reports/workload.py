"""Workload (工作量): each person's dates and class hours of a month or a term; 一(二)1."""

from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Papers, Table
from services.reporting.dependencies import ON_PAPER
from services.reporting.forms.draft import draft_sheet
from services.reporting.forms.press import AnswerPress
from services.reporting.pay_run import PACKED
from services.reporting.periods import Month, TermId, school_period_of
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.workload import Workload, joined_workload, workload_of

router = APIRouter(prefix="/v1/reports/workload", tags=["reports"])

_WORKLOAD = Statement.from_file(Path(__file__).with_suffix(".sql"))
_SUMMED = msgspec.json.Decoder(list[Workload])
_COLUMNS = ("staff_id", "dates", "class_hours")


@router.get("", responses=ON_PAPER)
async def workload(
    reports: Papers,
    press: AnswerPress,
    school_id: Annotated[str, Query()],
    month: Month = None,
    term_id: TermId = None,
    staff_id: Annotated[str | None, Query(description="only this person")] = None,
    cursor: str | None = None,
    limit: Limit = 200,
) -> Response:
    """By staff: dates, class hours in all and by slot, category and role."""
    if press.on_paper:
        return await draft_sheet(reports, press, school_id=school_id, month=month, term_id=term_id, money=False)
    (after,) = decode_cursor(cursor, str) if cursor else ("",)
    async with reports.snapshot() as snapshot:
        period, chain = await school_period_of(snapshot.connection, school_id, month, term_id, as_of=snapshot.as_of)
        if snapshot.is_known:
            return snapshot.unchanged()
        rows = await _WORKLOAD.fetch(
            snapshot.connection,
            school_id=school_id,
            first_day=period.first_day,
            last_day=period.last_day,
            as_of=snapshot.as_of,
        )
    summed = [_SUMMED.decode(row["workload"]) for row in rows if row["workload"] is not None]
    days = workload_of(PACKED.decode(row["work"]) for row in rows if row["work"] is not None)
    everybody = joined_workload([*summed, days.values()])
    people = [each for each in everybody.values() if each.staff_id > after and staff_id in {None, each.staff_id}]
    # A sheet is whole.
    items = [_shown(each) for each in (people[:limit] if snapshot.format == "json" else people)]
    body = {
        "school_id": school_id,
        "period": period.name,
        "chain": chain,
        "class_hours": sum(each.class_hours_hundredths for each in everybody.values()) / 100,
        "people": len(everybody),
        "items": items,
        "next_cursor": snapshot.link_next((people[limit - 1].staff_id,) if len(people) > limit else None),
    }
    return snapshot.answer(body, Table(f"workload-{school_id}-{period.name}", _COLUMNS, items))


def _shown(workload: Workload) -> dict[str, object]:
    return {
        "staff_id": workload.staff_id,
        "dates": workload.dates,
        "class_hours": workload.class_hours_hundredths / 100,
        "by_slot": _class_hours(workload.by_slot),
        "by_category": _class_hours(workload.by_category),
        "by_role": _class_hours(workload.by_role),
    }


def _class_hours(parts: dict[str, int]) -> dict[str, float]:
    return {name: hundredths / 100 for name, hundredths in sorted(parts.items())}
