"""The sessions themselves, as the ledger holds them or held them at an instant; 一(二)1."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.dependencies import IN_EITHER_FORMAT, AnswerFormat, LedgerReader, Pool
from services.reporting.sheets.delimited import csv_response
from shared.asgi import AsOf
from shared.database import Statement, reading
from shared.pagination import Limit, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/ledger/sessions", tags=["ledger"])

_SESSIONS = Statement.from_file(Path(__file__).with_suffix(".sql"))
_CSV_COLUMNS = (
    "school_id", "session_id", "service_date", "slot", "starts_at", "ends_at", "activity", "category", "room", "state",
    "headcount", "staff_ids", "class_hours", "revision", "recorded_at",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def list_sessions(
    caller: LedgerReader,
    pool: Pool,
    answer: AnswerFormat,
    school_id: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    as_of: AsOf = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Sessions by school and dates, in the order of school, date and id."""
    after = decode_cursor(cursor, str, date, str) if cursor else ("", date.min, "")
    async with reading(pool, caller.visible) as connection:
        rows = await _SESSIONS.fetch(
            connection,
            school_id=school_id,
            from_day=from_day,
            to_day=to_day,
            as_of=as_of,
            after_school=after[0],
            after_date=after[1],
            after_session=after[2],
            limit=limit + 1,
        )
    items = [_shown(row) for row in rows[:limit]]
    if answer == "csv":
        flat = [
            {
                **item,
                "staff_ids": [member["staff_id"] for member in item["staff"]],
                "class_hours": [member["class_hours"] for member in item["staff"]],
            }
            for item in items
        ]
        return csv_response(_CSV_COLUMNS, flat, name="sessions")
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor((last["school_id"], last["service_date"], last["session_id"])) if last else None
    return Response(msgspec.json.encode({"items": items, "next_cursor": next_cursor}), media_type="application/json")


def _shown(row: Any) -> dict[str, Any]:
    plain = ("school_id", "session_id", "slot", "activity", "category", "room", "grade", "class_no")
    return {
        **{name: row[name] for name in plain},
        "service_date": row["service_date"].isoformat(),
        "starts_at": row["starts_at"].strftime("%H:%M"),
        "ends_at": row["ends_at"].strftime("%H:%M"),
        "planned_headcount": row["planned_headcount"],
        "headcount": row["headcount"],
        "state": row["state"],
        "staff": [
            {"staff_id": staff_id, "role": role, "class_hours": hundredths / 100, "replaces": replaces}
            for staff_id, role, hundredths, replaces in zip(
                row["staff_ids"],
                row["staff_roles"],
                row["staff_class_hours_hundredths"],
                row["staff_replaces"],
                strict=True,
            )
        ],
        "reason": row["reason"],
        "revision": row["revision"],
        "recorded_at": row["recorded_at"],
    }
