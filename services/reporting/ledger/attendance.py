"""The rolls themselves, pupil by pupil, as the ledger holds them or held them at an instant. Every reading is noted."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.reporting.answers import Records, Table
from services.reporting.dependencies import IN_EITHER_FORMAT, Pool
from shared.database import Statement
from shared.pagination import Limit, decode_cursor
from shared.readings import note_reading
from shared.vocabulary import Category, SessionState, Stage

router = APIRouter(prefix="/v1/ledger/attendance", tags=["ledger"])

STATUSES = ("present", "late", "left_early", "absent", "excused")
_ROLLS = Statement.from_file(Path(__file__).with_suffix(".sql"))
# The form in which single marks are posted.
_CSV_COLUMNS = ("school_id", "session_id", "service_date", "student_id", "status")


@router.get("", responses=IN_EITHER_FORMAT)
async def list_rolls(
    records: Records,
    pool: Pool,
    request: Request,
    school_id: str | None = None,
    stage: Stage | None = None,
    town: str | None = None,
    session_id: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    student_id: str | None = None,
    session_state: Annotated[SessionState | None, Query(description="rolls of sessions in this state")] = None,
    category: Category | None = None,
    slot: Annotated[str | None, Query(description="empty: of sessions in no slot")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Rolls by school, session and its kind, dates and pupil, in the order of school, date and session; who reads them is noted."""
    after = decode_cursor(cursor, str, date, str) if cursor else ("", date.min, "")
    async with records.snapshot() as snapshot:
        if snapshot.is_known:
            return snapshot.unchanged()
        rows = await _ROLLS.fetch(
            snapshot.connection,
            school_id=school_id,
            stage=stage,
            town=town,
            session_id=session_id,
            from_day=from_day,
            to_day=to_day,
            student_id=student_id,
            session_state=session_state,
            category=category,
            slot=slot,
            as_of=records.as_of,
            after_school=after[0],
            after_date=after[1],
            after_session=after[2],
            limit=limit + 1,
        )
        students = await _students(snapshot.connection, rows[:limit])
    schools = [row["school_id"] for row in rows[:limit]]
    await note_reading(pool, request, records.caller, "attendance", schools, of_one=student_id is not None)
    last = rows[limit - 1] if len(rows) > limit else None
    position = (last["school_id"], last["service_date"], last["session_id"]) if last else None
    items = [_shown(row, students) for row in rows[:limit]]
    body = {"items": items, "next_cursor": snapshot.link_next(position)}
    return snapshot.answer(body, Table("attendance", _CSV_COLUMNS, _marks(items)))


async def _students(connection: asyncpg.Connection, rows: Sequence[Any]) -> dict[int, str]:
    """The ids of the pupils in rolls, by their numbers."""
    numbers = {number for row in rows for status in STATUSES for number in row[status]}
    return dict(
        await connection.fetch("select number, person_id from ledger.person where number = any ($1)", list(numbers))
    )


def _shown(row: Any, students: Mapping[int, str]) -> dict[str, Any]:
    plain = ("school_id", "session_id", "came", "taken_by", "taken_at", "reason", "revision", "recorded_at")
    return {
        "service_date": row["service_date"].isoformat(),
        **{name: row[name] for name in plain},
        **{status: [students[number] for number in row[status]] for status in STATUSES},
    }


def _marks(items: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """One row a pupil."""
    return [
        {**{name: item[name] for name in _CSV_COLUMNS[:3]}, "student_id": student_id, "status": status}
        for item in items
        for status in STATUSES
        for student_id in item[status]
    ]
