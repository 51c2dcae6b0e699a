"""The sessions themselves, as the ledger holds them or held them at an instant; 一(二)1."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Records, Table
from services.reporting.dependencies import IN_EITHER_FORMAT
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.vocabulary import Category, SessionState, Stage

router = APIRouter(prefix="/v1/ledger/sessions", tags=["ledger"])

_SESSIONS = Statement.from_file(Path(__file__).with_suffix(".sql"))
_CSV_COLUMNS = (
    "school_id", "session_id", "service_date", "slot", "starts_at", "ends_at", "activity", "category", "room", "state",
    "headcount", "staff_ids", "class_hours", "revision", "recorded_at",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def list_sessions(
    records: Records,
    school_id: str | None = None,
    stage: Stage | None = None,
    town: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    staff_id: str | None = None,
    slot: Annotated[str | None, Query(description="empty: those in no slot")] = None,
    room: str | None = None,
    category: Category | None = None,
    state: SessionState | None = None,
    rolled: Annotated[bool | None, Query(description="only those with a roll, or without")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Sessions by school, dates, person, slot, room, category, state and whether they have a roll, in the order of school, date and id."""
    after = decode_cursor(cursor, str, date, str) if cursor else ("", date.min, "")
    async with records.snapshot() as snapshot:
        if snapshot.is_known:
            return snapshot.unchanged()
        rows = await _SESSIONS.fetch(
            snapshot.connection,
            school_id=school_id,
            stage=stage,
            town=town,
            from_day=from_day,
            to_day=to_day,
            staff_id=staff_id,
            slot=slot,
            room=room,
            category=category,
            state=state,
            rolled=rolled,
            as_of=records.as_of,
            after_school=after[0],
            after_date=after[1],
            after_session=after[2],
            limit=limit + 1,
        )
    last = rows[limit - 1] if len(rows) > limit else None
    position = (last["school_id"], last["service_date"], last["session_id"]) if last else None
    items = [_shown(row) for row in rows[:limit]]
    flat = [
        {
            **item,
            "staff_ids": [member["staff_id"] for member in item["staff"]],
            "class_hours": [member["class_hours"] for member in item["staff"]],
        }
        for item in items
    ]
    body = {"items": items, "next_cursor": snapshot.link_next(position)}
    return snapshot.answer(body, Table("sessions", _CSV_COLUMNS, flat))


def _shown(row: Any) -> dict[str, Any]:
    plain = ("school_id", "session_id", "slot", "activity", "category", "room", "grade", "class_no")
    members = zip(
        row["staff_ids"],
        row["staff_roles"],
        row["staff_class_hours_hundredths"],
        row["staff_shares"],
        row["staff_replaces"],
        strict=True,
    )
    return {
        **{name: row[name] for name in plain},
        "service_date": row["service_date"].isoformat(),
        "starts_at": row["starts_at"].strftime("%H:%M"),
        "ends_at": row["ends_at"].strftime("%H:%M"),
        "planned_headcount": row["planned_headcount"],
        "headcount": row["headcount"],
        "state": row["state"],
        "staff": [
            {
                "staff_id": staff_id,
                "role": role,
                "class_hours": hundredths / 100,
                "share": None if share is None else float(share),
                "replaces": replaces,
            }
            for staff_id, role, hundredths, share, replaces in members
        ],
        "reason": row["reason"],
        "revision": row["revision"],
        "recorded_at": row["recorded_at"],
    }
