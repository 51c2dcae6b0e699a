"""The duties themselves, as the ledger holds them or held them at an instant; 一(二)1."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Records, Table
from services.reporting.dependencies import IN_EITHER_FORMAT
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.vocabulary import DutyKind, Stage

router = APIRouter(prefix="/v1/ledger/duties", tags=["ledger"])

_DUTIES = Statement.from_file(Path(__file__).with_suffix(".sql"))
_COLUMNS = (
    "school_id", "duty_id", "service_date", "staff_id", "kind", "slot", "class_hours", "note", "reason", "revision",
    "recorded_at",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def list_duties(
    records: Records,
    school_id: str | None = None,
    stage: Stage | None = None,
    town: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    staff_id: str | None = None,
    kind: DutyKind | None = None,
    slot: Annotated[str | None, Query(description="empty: those in no slot")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Duties by school, dates, person, kind and slot, in the order of school and id."""
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    async with records.snapshot() as snapshot:
        if snapshot.is_known:
            return snapshot.unchanged()
        rows = await _DUTIES.fetch(
            snapshot.connection,
            school_id=school_id,
            stage=stage,
            town=town,
            from_day=from_day,
            to_day=to_day,
            staff_id=staff_id,
            kind=kind,
            slot=slot,
            as_of=records.as_of,
            after_school=after[0],
            after_duty=after[1],
            limit=limit + 1,
        )
    items = [_shown(row) for row in rows[:limit]]
    last = (rows[limit - 1]["school_id"], rows[limit - 1]["duty_id"]) if len(rows) > limit else None
    body = {"items": items, "next_cursor": snapshot.link_next(last)}
    return snapshot.answer(body, Table("duties", _COLUMNS, items))


def _shown(row: Any) -> dict[str, Any]:
    plain = ("school_id", "duty_id", "staff_id", "kind", "slot", "note", "reason", "revision", "recorded_at")
    return {
        **{name: row[name] for name in plain},
        "service_date": row["service_date"].isoformat(),
        "class_hours": row["class_hours_hundredths"] / 100,
    }
