"""What is between schools and offices: plans, reviews, rectifications, complaints, clawbacks, trainings, visits; 二, 三(五), 三(七)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response

from services.reporting.answers import Reports, Table, require_school, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.visits import READERS
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.vocabulary import Stage

router = APIRouter(prefix="/v1/reports/oversight", tags=["reports"])

Matter = Literal[
    "plans", "reviews", "rectifications", "complaints", "clawbacks", "disqualifications", "trainings", "inspections",
]  # fmt: skip

_OVERSIGHT = Statement.from_file(Path(__file__).with_suffix(".sql"))
_COLUMNS = (
    "resource", "school_id", "key", "state", "about", "issue", "from_day", "due_on", "settled_on", "is_overdue", "is_repeated",
    "amount_fen", "settled_fen",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def oversight(
    reports: Reports,
    resource: Matter | None = None,
    school_id: str | None = None,
    stage: Stage | None = None,
    town: str | None = None,
    state: str | None = None,
    overdue: bool | None = None,
    settled: bool | None = None,
    cursor: str | None = None,
    limit: Limit = 200,
) -> Response:
    """Every matter with its state and days, what is overdue first; how many of each kind and state, and what is still owed."""
    (after,) = decode_cursor(cursor, int) if cursor else (0,)
    async with reports.snapshot() as snapshot:
        if school_id is not None:
            await require_school(snapshot, school_id)
        if snapshot.is_known:
            return snapshot.unchanged()
        rows = await _OVERSIGHT.fetch(
            snapshot.connection,
            school_id=school_id,
            resource=resource,
            stage=stage,
            town=town,
            # Complaints, sanctions of persons and visits are not a school's to read.
            restricted=reports.caller.kind in READERS,
            today=snapshot.today,
        )
    items: list[dict[str, Any]] = [
        {name: row[name] for name in _COLUMNS}
        for row in rows
        if state in {None, row["state"]}
        and overdue in {None, row["is_overdue"]}
        and settled in {None, row["settled_on"] is not None}
    ]
    page = items[after : after + limit]
    scope = {"school_id": school_id, "stage": stage, "town": town}
    body = {
        "totals": _totals(items, scope),
        "items": page,
        "next_cursor": snapshot.link_next((after + limit,) if len(items) > after + limit else None),
    }
    return snapshot.answer(body, Table("oversight", _COLUMNS, page))


def _totals(items: Sequence[Mapping[str, Any]], scope: Mapping[str, str | None]) -> list[dict[str, object]]:
    """How many of each kind are in each state, how many of them overdue, and the money determined and come back."""
    shown = []
    for resource, state in sorted({(item["resource"], item["state"] or "") for item in items}):
        own = [item for item in items if (item["resource"], item["state"] or "") == (resource, state)]
        amounts = [item for item in own if item["amount_fen"] is not None]
        shown.append(
            {
                "resource": resource,
                "state": state or None,
                "number": len(own),
                "overdue": sum(item["is_overdue"] for item in own),
                "repeated": sum(item["is_repeated"] for item in own),
                "amount_fen": sum(item["amount_fen"] for item in amounts) if amounts else None,
                "settled_fen": sum(item["settled_fen"] for item in amounts) if amounts else None,
                "rows": row_query("/v1/reports/oversight", resource=resource, state=state or None, **scope),
            }
        )
    return shown
