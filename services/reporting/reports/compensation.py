"""Compensation (报酬): what each person's work is worth under the school's plan, and why, line by line; 一(一)5."""

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.dependencies import IN_EITHER_FORMAT, AnswerFormat, AnswerLanguage, Pool, ReportReader
from services.reporting.periods import Month, TermId, chain_position, period_of
from services.reporting.sheets.delimited import csv_response
from shared.asgi import AsOf
from shared.class_hours import Hundredths
from shared.database import Statement, reading
from shared.pagination import Limit, decode_cursor, encode_cursor
from shared.problems import Language, Refused
from shared.remuneration import AllocationPlan, PayLine, PayRun, WorkItem, compute_pay, why

router = APIRouter(prefix="/v1/reports/compensation", tags=["reports"])

_WORK = Statement.from_file(Path(__file__).with_suffix(".sql"))
_PLANS = Statement.parse(
    "select content from ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity')) "
    "where school_id = :school_id and resource = 'allocation-plans' "
    "order by (content ->> 'effective_from')::date, content ->> 'version'",
)
_CSV_COLUMNS = (
    "staff_id", "service_date", "record", "class_hours", "rate_fen", "factors", "plan_version", "amount_fen", "why",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def compensation(
    caller: ReportReader,
    pool: Pool,
    answer: AnswerFormat,
    language: AnswerLanguage,
    school_id: Annotated[str, Query()],
    month: Month = None,
    term_id: TermId = None,
    as_of: AsOf = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """By staff: amount and why: every line with hours × rate × factors and the plan's version; totals; budget use."""
    async with reading(pool, caller.visible) as connection:
        period = await period_of(connection, month, term_id, as_of=as_of)
        chain = await chain_position(connection, school_id, as_of=as_of)
        if chain is None:
            raise Refused("not_found")
        plans = await _PLANS.fetch(connection, school_id=school_id, as_of=as_of)
        work = await _WORK.fetch(
            connection,
            school_id=school_id,
            first_day=period.first_day,
            last_day=period.last_day,
            as_of=as_of,
        )
    run = compute_pay(
        [msgspec.json.decode(row["content"], type=AllocationPlan) for row in plans],
        [
            WorkItem(**{**dict(row), "class_hours_hundredths": Hundredths(row["class_hours_hundredths"])})
            for row in work
        ],
    )
    if answer == "csv":
        lines = [_line(line, run, language) for line in run.lines]
        return csv_response(_CSV_COLUMNS, lines, name=f"compensation-{school_id}-{period.name}")
    (after,) = decode_cursor(cursor, str) if cursor else ("",)
    people = [staff_id for staff_id in sorted(run.total_by_staff_fen) if staff_id > after]
    body = {
        "school_id": school_id,
        "period": period.name,
        "as_of": as_of,
        "chain": chain,
        "currency": "CNY",
        "total_fen": run.total_fen,
        "people": len(run.total_by_staff_fen),
        "budget": {
            "budget_fen": run.budget_fen,
            "used_fen": run.total_fen,
            "scale": float(run.scale),
            "refused": run.refused,
        },
        "unpriced": [
            {
                "record": item.record_key,
                "staff_id": item.staff_id,
                "service_date": item.service_date,
                "reason": item.reason,
            }
            for item in run.unpriced
        ],
        "items": _slips(run, people[:limit], language),
        "next_cursor": encode_cursor((people[limit - 1],)) if len(people) > limit else None,
    }
    return Response(msgspec.json.encode(body), media_type="application/json")


def _slips(run: PayRun, people: list[str], language: Language) -> list[dict[str, Any]]:
    lines_of: dict[str, list[PayLine]] = defaultdict(list)
    wanted = set(people)
    for line in run.lines:
        if line.staff_id in wanted:
            lines_of[line.staff_id].append(line)
    return [
        {
            "staff_id": staff_id,
            "amount_fen": run.total_by_staff_fen[staff_id],
            "class_hours": sum(line.class_hours_hundredths for line in lines_of[staff_id]) / 100,
            "lines": [_line(line, run, language) for line in lines_of[staff_id]],
        }
        for staff_id in people
    ]


def _line(line: PayLine, run: PayRun, language: Language) -> dict[str, Any]:
    return {
        "staff_id": line.staff_id,
        "record": line.record_key,
        "service_date": line.service_date.isoformat(),
        "class_hours": line.class_hours_hundredths / 100,
        "paid_class_hours": line.paid_class_hours_hundredths / 100,
        "rate_fen": line.rate_fen,
        "rate_of": line.rate_of,
        "factors": {f"{factor.name}:{factor.entry}": float(factor.value) for factor in line.factors},
        "plan_version": line.plan_version,
        "amount_fen": line.amount_fen,
        "why": why(line, scale=run.scale, language=language),
    }
