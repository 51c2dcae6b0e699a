"""Sessions (班级开设情况): which classes opened in which slot, who worked how many class hours; 一(二)1."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.ledger_api.dependencies import BulkOptions, Ledger, LedgerReader, LedgerWriter, Reason, receive, sender_of
from services.ledger_api.entries import body_schema
from services.ledger_api.ingest.payload import Session
from services.ledger_api.ingest.receipt import Receipt
from shared.asgi import AsOf
from shared.database import reading
from shared.pagination import Limit, decode_cursor, page_response
from shared.problems import Refused
from shared.tokens import Caller

_LIST = """
    select *
    from ledger.session as record
    where
        ($1::text is null or school_id = $1)
        and ($2::date is null or service_date >= $2)
        and ($3::date is null or service_date <= $3)
        and (school_id, service_date, session_id) > ($4, $5, $6)
    order by school_id, service_date, session_id
    limit $7
"""

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

_REVISIONS = """
    select session_revision.*, batch.client_id
    from ledger.session_revision
    inner join ledger.batch using (batch_id)
    where
        session_revision.school_id = $1
        and session_revision.session_id = $2
        and session_revision.state <> 'moved'
        and ($3::timestamptz is null or session_revision.recorded_at <= $3)
    order by session_revision.revision desc
"""


@router.post("", response_model=Receipt, openapi_extra=body_schema(Session))
async def post_sessions(request: Request, caller: LedgerWriter, ledger: Ledger, bulk: BulkOptions) -> Response:
    """Append sessions held or cancelled, each a new record or a new revision; 一(二)1."""
    return await receive(
        request,
        caller,
        ledger,
        resource="sessions",
        choose=lambda _raw: Session,
        append=ledger.append_sessions,
        bulk=bulk,
    )


@router.get("")
async def list_sessions(
    caller: LedgerReader,
    ledger: Ledger,
    request: Request,
    school_id: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """The sessions that hold now, by school and dates, in the order of school, date and id."""
    after = decode_cursor(cursor, str, date, str) if cursor else ("", date.min, "")
    async with reading(ledger.pool, caller.visible) as connection:
        rows = await connection.fetch(_LIST, school_id, from_day, to_day, *after, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    position = (last["school_id"], last["service_date"], last["session_id"]) if last else None
    return page_response(request, [_shown(row) for row in rows[:limit]], position)


@router.get("/{school_id}/{session_id}")
async def get_session(
    school_id: str,
    session_id: str,
    caller: LedgerReader,
    ledger: Ledger,
    request: Request,
    as_of: AsOf = None,
) -> Response:
    """The session as it holds now, or as the ledger knew it at `as_of`."""
    row = (await _revisions(ledger, caller, school_id, session_id, as_of))[0]
    if row["state"] == "void":
        raise Refused("not_found")
    etag = f'"{row["revision"]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(msgspec.json.encode(_shown(row)), media_type="application/json", headers={"ETag": etag})


@router.get("/{school_id}/{session_id}/revisions")
async def get_revisions(school_id: str, session_id: str, caller: LedgerReader, ledger: Ledger) -> Response:
    """Its history: who recorded what when, and why."""
    rows = await _revisions(ledger, caller, school_id, session_id, None)
    items = [
        {
            "revision": row["revision"],
            "state": row["state"],
            "content": None if row["state"] == "void" else _shown(row),
            "reason": row["reason"],
            "recorded_at": row["recorded_at"],
            "recorded_by": row["client_id"],
            "batch_id": str(row["batch_id"]),
        }
        for row in rows
    ]
    return Response(msgspec.json.encode({"items": items, "next_cursor": None}), media_type="application/json")


@router.delete("/{school_id}/{session_id}")
async def delete_session(
    school_id: str, session_id: str, caller: LedgerWriter, ledger: Ledger, reason: Reason, request: Request
) -> Receipt:
    """Append a void revision; nothing is ever removed."""
    row = (await _revisions(ledger, caller, school_id, session_id, None))[0]
    if row["state"] == "void":
        raise Refused("already_void")
    return await ledger.void_session(
        school_id, session_id, service_date=row["service_date"], reason=reason, sender=sender_of(request, caller)
    )


async def _revisions(
    ledger: Ledger, caller: Caller, school_id: str, session_id: str, as_of: datetime | None
) -> list[Any]:
    """All revisions, newest first; raises Refused (404) when there is none to be seen."""
    async with reading(ledger.pool, caller.visible) as connection:
        rows: list[Any] = await connection.fetch(_REVISIONS, school_id, session_id, as_of)
    if not rows:
        raise Refused("not_found")
    return rows


def _shown(row: Any) -> dict[str, object]:
    """A session as it is posted, with its revision and instant."""
    plain = ("school_id", "session_id", "service_date", "slot", "activity", "category", "room", "grade", "class_no")
    return {
        **{name: row[name] for name in plain},
        "starts_at": row["starts_at"].strftime("%H:%M"),
        "ends_at": row["ends_at"].strftime("%H:%M"),
        "planned_headcount": row["planned_headcount"],
        "headcount": row["headcount"],
        "state": row["state"],
        "staff": [
            {"staff_id": staff_id, "role": role, "class_hours": hundredths / 100, "share": share, "replaces": replaces}
            for staff_id, role, hundredths, share, replaces in zip(
                row["staff_ids"],
                row["staff_roles"],
                row["staff_class_hours_hundredths"],
                row["staff_shares"],
                row["staff_replaces"],
                strict=True,
            )
        ],
        "reason": row["reason"],
        "revision": row["revision"],
        "recorded_at": row["recorded_at"],
    }
