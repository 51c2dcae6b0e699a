"""Attendance (考勤): one roll a session, sent whole or as single marks; 一(二)1, 一(一)6."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.ledger_api.dependencies import BulkOptions, Ledger, LedgerReader, LedgerWriter, Reason, receive, sender_of
from services.ledger_api.entries import body_schema
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import AttendanceMark, AttendanceSheet
from services.ledger_api.ingest.receipt import Receipt
from shared import metrics
from shared.asgi import AsOf
from shared.database import reading
from shared.pagination import Limit, decode_cursor, page_response
from shared.problems import Refused
from shared.readings import note_reading
from shared.tokens import Caller

router = APIRouter(prefix="/v1/attendance", tags=["attendance"])

STATUSES = ("present", "late", "left_early", "absent", "excused")

_REVISIONS = """
    select attendance_revision.*, batch.client_id
    from ledger.attendance_revision
    inner join ledger.batch using (batch_id)
    where
        attendance_revision.school_id = $1
        and attendance_revision.session_id = $2
        and ($3::timestamptz is null or attendance_revision.recorded_at <= $3)
    order by attendance_revision.recorded_at desc, attendance_revision.revision desc
"""


_LIST = """
    select *
    from ledger.roll as record
    where
        ($1::text is null or school_id = $1)
        and ($2::date is null or service_date >= $2)
        and ($3::date is null or service_date <= $3)
        and (school_id, service_date, session_id) > ($4, $5, $6)
    order by school_id, service_date, session_id
    limit $7
"""


def _sheet_or_mark(raw: bytes) -> type[AttendanceSheet | AttendanceMark]:
    """A record that names one pupil is a mark; the first record speaks for the body until one disagrees."""
    end = raw.find(b"}")
    return AttendanceMark if b'"student_id"' in raw[: end if end > 0 else None] else AttendanceSheet


@router.post("", response_model=Receipt, openapi_extra=body_schema(AttendanceSheet, AttendanceMark))
async def post_attendance(request: Request, caller: LedgerWriter, ledger: Ledger, bulk: BulkOptions) -> Response:
    """Append rolls: whole sheets, or single marks that move only the pupils they name; 一(二)1."""

    async def append(rolls: Decoded[Any], sender: Sender) -> Receipt:
        receipt = await ledger.append_attendance(rolls, sender)
        metrics.INGEST_MARKS.inc(sum(map(_marks, rolls.records)))
        return receipt

    return await receive(
        request,
        caller,
        ledger,
        resource="attendance",
        choose=_sheet_or_mark,
        append=append,
        bulk=bulk,
    )


def _marks(record: AttendanceSheet | AttendanceMark) -> int:
    """How many pupils the record speaks of."""
    if isinstance(record, AttendanceMark):
        return 1
    return sum(map(len, (record.present, record.late, record.left_early, record.absent, record.excused)))


@router.get("")
async def list_rolls(
    caller: LedgerReader,
    ledger: Ledger,
    request: Request,
    school_id: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """The rolls that hold now, by school and dates, in the order of school, date and session."""
    after = decode_cursor(cursor, str, date, str) if cursor else ("", date.min, "")
    async with reading(ledger.pool, caller.visible) as connection:
        rows = await connection.fetch(_LIST, school_id, from_day, to_day, *after, limit + 1)
        students = await _students(connection, rows[:limit])
    await _note(ledger, request, caller, rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    position = (last["school_id"], last["service_date"], last["session_id"]) if last else None
    return page_response(request, [_shown(row, students) for row in rows[:limit]], position)


@router.get("/{school_id}/{session_id}")
async def get_roll(
    school_id: str,
    session_id: str,
    caller: LedgerReader,
    ledger: Ledger,
    request: Request,
    as_of: AsOf = None,
) -> Response:
    """The roll as it holds now, or as the ledger knew it at `as_of`; for those who may read the ledger."""
    rows, students = await _revisions(ledger, caller, school_id, session_id, as_of)
    if rows[0]["state"] == "void":
        raise Refused("not_found")
    etag = f'"{rows[0]["revision"]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    await _note(ledger, request, caller, rows[:1])
    return Response(
        msgspec.json.encode(_shown(rows[0], students)), media_type="application/json", headers={"ETag": etag}
    )


@router.get("/{school_id}/{session_id}/revisions")
async def get_revisions(
    school_id: str, session_id: str, caller: LedgerReader, ledger: Ledger, request: Request
) -> Response:
    """Its history: the teacher's mark and the office's override both stay; 一(一)6."""
    rows, students = await _revisions(ledger, caller, school_id, session_id, None)
    await _note(ledger, request, caller, rows)
    items = [
        {
            "revision": row["revision"],
            "state": row["state"],
            "content": None if row["state"] == "void" else _shown(row, students),
            "reason": row["reason"],
            "recorded_at": row["recorded_at"],
            "recorded_by": row["client_id"],
            "batch_id": str(row["batch_id"]),
        }
        for row in rows
    ]
    return Response(msgspec.json.encode({"items": items, "next_cursor": None}), media_type="application/json")


@router.delete("/{school_id}/{session_id}")
async def delete_roll(
    school_id: str, session_id: str, caller: LedgerWriter, ledger: Ledger, reason: Reason, request: Request
) -> Receipt:
    """Append a void revision of the roll; nothing is ever removed."""
    rows, _students = await _revisions(ledger, caller, school_id, session_id, None)
    if rows[0]["state"] == "void":
        raise Refused("already_void")
    return await ledger.void_roll(
        school_id, session_id, service_date=rows[0]["service_date"], reason=reason, sender=sender_of(request, caller)
    )


async def _note(ledger: Ledger, request: Request, caller: Caller, rows: Sequence[Any]) -> None:
    await note_reading(ledger.pool, request, caller, "attendance", [row["school_id"] for row in rows])


async def _revisions(
    ledger: Ledger, caller: Caller, school_id: str, session_id: str, as_of: datetime | None
) -> tuple[list[Any], dict[int, str]]:
    """All revisions, newest first, and the ids of the pupils in them; raises Refused (404) when there is none."""
    async with reading(ledger.pool, caller.visible) as connection:
        rows: list[Any] = await connection.fetch(_REVISIONS, school_id, session_id, as_of)
        if not rows:
            raise Refused("not_found")
        return rows, await _students(connection, rows)


async def _students(connection: asyncpg.Connection, rows: Sequence[Any]) -> dict[int, str]:
    """The ids of the pupils in rolls, by their numbers."""
    numbers = {number for row in rows for status in STATUSES for number in row[status] or ()}
    return dict(
        await connection.fetch("select number, person_id from ledger.person where number = any ($1)", list(numbers))
    )


def _shown(row: Any, students: dict[int, str]) -> dict[str, object]:
    """A roll as it is posted, with its revision and instant."""
    return {
        "school_id": row["school_id"],
        "session_id": row["session_id"],
        "service_date": row["service_date"],
        **{status: [students[number] for number in row[status] or ()] for status in STATUSES},
        "taken_by": row["taken_by"],
        "taken_at": row["taken_at"],
        "reason": row["reason"],
        "revision": row["revision"],
        "recorded_at": row["recorded_at"],
    }
