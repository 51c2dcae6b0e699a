"""Erasures (删除个人信息): a pupil's identity goes at a guardian's request, the counts and the chain stay; PIPL art. 47.

A pseudonym takes the place of the pupil's id in every revision. The school's chain says by whom, when and on what ground, and
of each revision what stands there now, so that a verification still finds whatever else is changed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.ledger_api.dependencies import Ledger, LedgerReader, sender_of
from services.ledger_api.entries import body_schema
from services.ledger_api.ingest.append import ENTRIES
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender, request_of
from services.ledger_api.ingest.body import received_body
from services.ledger_api.ingest.columns import array_literal
from services.ledger_api.ingest.decode import decode
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId
from services.ledger_api.ingest.receipt import receipt_of
from services.ledger_api.ingest.resource import EntryRows
from shared.asgi import requires
from shared.chain import PSEUDONYM, canonical, digest_of, stored_entry
from shared.database import ACQUIRE_SECONDS, Statement, reading
from shared.pagination import Limit, decode_cursor, page_response
from shared.problems import Refused
from shared.tokens import Caller
from shared.vocabulary import ErasureGround

router = APIRouter(prefix="/v1/erasures", tags=["erasures"])

# Raised under the lock where the caller sees no such school.
UNKNOWN_SCHOOL = "TZ002"
Eraser = Annotated[Caller, Depends(requires("erasures.write"))]
_HOLDS = Statement.from_file(Path(__file__).with_suffix(".sql"))
_EARLIER = """
    select entry.content, entry.batch_id, entry.recorded_at, chain_entry.seq, chain_entry.head
    from ledger.entry
    inner join ledger.chain_entry using (school_id, batch_id)
    where entry.school_id = $1 and entry.resource = 'erasures' and entry.key = $2
"""
_REGISTERED = """
    select exists (
        select from ledger.person where resource = 'students' and person_id = $2 and school_id = $1
    )
"""
_LIST = """
    select entry.school_id, entry.key, entry.content, entry.batch_id, entry.recorded_at, chain_entry.seq, chain_entry.head
    from ledger.entry
    inner join ledger.chain_entry using (school_id, batch_id)
    where entry.resource = 'erasures' and ($1::text is null or entry.school_id = $1) and (entry.school_id, entry.key) > ($2, $3)
    order by entry.school_id, entry.key
    limit $4
"""


class ErasureRequest(Record, frozen=True):
    """What a guardian asked for: whose identity, when, on which ground of art. 47; `case_no`: the office's own file.

    There is no free text in it, for what it says stays; and the file's number must not name the pupil.
    """

    school_id: SchoolId
    case_no: Identifier
    student_id: Identifier
    ground: ErasureGround
    asked_on: date


class Erasure(BaseModel):
    """One erasure as the school's chain has it; `records`: how many revisions name nobody any more."""

    school_id: str
    case_no: str
    pseudonym: str
    ground: str
    asked_on: date
    records: int
    batch_id: str
    seq: int
    head: str
    recorded_at: datetime


@router.post("", openapi_extra=body_schema(ErasureRequest))
async def post_erasure(request: Request, caller: Eraser, ledger: Ledger) -> Erasure:
    """Erase a pupil's identity, for good; 409 while something still needs it. Asked again, it answers the same."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    async with received_body(request.stream(), encoding, request.app.state.long_bodies) as body:
        decoded = decode(body, request.headers.get("content-type", ""), lambda _raw: ErasureRequest)
    if len(decoded.records) != 1:
        raise Refused("invalid_parameter", name="body", reason="one erasure a request")
    (asked,) = decoded.records
    if asked.student_id in asked.case_no:
        raise Refused("invalid_parameter", name="case_no", reason="it stays, and must not name the pupil")
    return await _erase(ledger, asked, sender_of(request, caller), request.app.state.identity_days)


@router.get("", response_model=None)
async def list_erasures(
    request: Request,
    caller: LedgerReader,
    ledger: Ledger,
    school_id: str | None = None,
    cursor: Annotated[str | None, Query()] = None,
    limit: Limit = 100,
) -> Response:
    """The erasures of the caller's schools: when, by which file, under which pseudonym; never whose."""
    after_school, after_key = decode_cursor(cursor, str, str) if cursor else ("", "")
    async with reading(ledger.pool, caller.visible) as connection:
        rows = await connection.fetch(_LIST, school_id, after_school, after_key, limit + 1)
    last = (rows[limit - 1]["school_id"], rows[limit - 1]["key"]) if len(rows) > limit else None
    return page_response(request, [_shown(row).model_dump() for row in rows[:limit]], last)


async def _erase(ledger: LedgerWriterOfFacts, asked: ErasureRequest, sender: Sender, kept_days: int) -> Erasure:
    """One transaction under the school's lock: the holds, the erasure, and the chain that says so."""
    batch_id = uuid4()
    request = request_of(batch_id, sender, received=1, schools=[asked.school_id], versions=[None])
    async with ledger.pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        try:
            await connection.fetchval("select ledger.open_batch($1)", request)
        except asyncpg.PostgresError as error:
            if error.sqlstate == UNKNOWN_SCHOOL:
                raise Refused("not_found") from error
            raise
        registered = await connection.fetchval(_REGISTERED, asked.school_id, asked.student_id)
        earlier = await connection.fetchrow(_EARLIER, asked.school_id, asked.case_no)
        if earlier is not None:
            # The file was for this pupil, who is not there any more, or for another, who is.
            if registered:
                raise Refused("case_closed", case_no=asked.case_no)
            return _shown(earlier)
        if not registered:
            raise Refused("not_found")
        await _refuse_held(connection, asked, kept_days)
        erased = await connection.fetch(
            "select * from ledger.erase_pupil($1, $2, $3)",
            asked.school_id,
            asked.student_id,
            pseudonym := PSEUDONYM + uuid4().hex,
        )
        if not erased:
            raise Refused("not_found")
        appended = await connection.fetch(ENTRIES, request, "erasures", True, *_columns(asked, pseudonym, erased))
        done = await connection.fetchrow(_EARLIER, asked.school_id, asked.case_no)
    ledger.appended(receipt_of(batch_id, appended, received=1), sender)
    return _shown(done)


async def _refuse_held(connection: asyncpg.Connection, asked: ErasureRequest, kept_days: int) -> None:
    """Raises Refused (409) with everything that still needs to know who the pupil was."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    holds = await _HOLDS.fetch(
        connection, school_id=asked.school_id, student_id=asked.student_id, today=today, kept_days=kept_days
    )
    if holds:
        said = [row["held_by"] + (f" ({row['held_until']})" if row["held_until"] else "") for row in holds]
        raise Refused("erasure_held", held_by=", ".join(said))


def _columns(asked: ErasureRequest, pseudonym: str, erased: Sequence[asyncpg.Record]) -> list[str]:
    """The erasure as one entry, in columns: what each revision's leaf has, and the digest of what stands there now."""
    content = {
        "school_id": asked.school_id,
        "case_no": asked.case_no,
        "pseudonym": pseudonym,
        "ground": asked.ground,
        "asked_on": asked.asked_on,
        "records": [
            {
                **{name: row[name] for name in ("resource", "key", "revision", "leaf_key", "leaf_reason")},
                "digest": digest_of(stored_entry(row)).hex(),
            }
            for row in sorted(erased, key=lambda row: (row["resource"], row["key"], row["revision"]))
        ],
    }
    rows = EntryRows()
    rows.add(
        "erasures",
        asked.school_id,
        asked.case_no,
        service_date=None,
        state="recorded",
        content=canonical(content),
        reason=None,
    )
    columns: tuple[list[Any], ...] = (
        rows.school_ids, rows.keys, rows.service_dates, rows.states, rows.contents, rows.digests, rows.reasons
    )  # fmt: skip
    return [array_literal(column) for column in columns]


def _shown(row: asyncpg.Record) -> Erasure:
    content = msgspec.json.decode(row["content"])
    return Erasure(
        **{name: content[name] for name in ("school_id", "case_no", "pseudonym", "ground", "asked_on")},
        records=len(content["records"]),
        batch_id=str(row["batch_id"]),
        seq=row["seq"],
        head=row["head"].hex(),
        recorded_at=row["recorded_at"],
    )
