"""Batches: what each request wrote, and what was turned away in partial mode."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.ledger_api.dependencies import Ledger, LedgerReader
from services.ledger_api.ingest.receipt import ChainPosition
from shared.asgi import language_of
from shared.database import reading
from shared.pagination import Limit, decode_cursor, page_response
from shared.problems import Fault, Refused

router = APIRouter(prefix="/v1/batches", tags=["batches"])


class Batch(BaseModel):
    """One request that wrote something: who, what, when, and the chains it moved."""

    batch_id: str
    resource: str
    recorded_by: str
    request_id: str | None
    received: int
    created: int
    revised: int
    unchanged: int
    recorded_at: datetime
    chains: list[ChainPosition]


_BATCH = """
    select batch.*, (
        select coalesce(jsonb_agg(
            jsonb_build_object('school_id', school_id, 'seq', seq, 'head', encode(head, 'hex')) order by school_id
        ), '[]')
        from ledger.chain_entry
        where chain_entry.batch_id = batch.batch_id
    ) as chains
    from ledger.batch
    where batch_id = $1
"""
_REJECTIONS = """
    select place, resource, record, errors, recorded_at
    from ledger.rejection
    where batch_id = $1 and place > $2
    order by place
    limit $3
"""


@router.get("/{batch_id}")
async def get_batch(batch_id: UUID, caller: LedgerReader, ledger: Ledger) -> Batch:
    """What a request wrote, as its receipt said."""
    async with reading(ledger.pool, caller.visible) as connection:
        row = await connection.fetchrow(_BATCH, batch_id)
    if row is None:
        raise Refused("not_found")
    return Batch(
        batch_id=str(row["batch_id"]),
        resource=row["resource"],
        recorded_by=row["client_id"],
        request_id=row["request_id"],
        received=row["received"],
        created=row["created"],
        revised=row["revised"],
        unchanged=row["unchanged"],
        recorded_at=row["recorded_at"],
        chains=msgspec.json.decode(row["chains"], type=list[dict[str, Any]]),
    )


@router.get("/{batch_id}/rejections")
async def list_rejections(
    batch_id: UUID,
    caller: LedgerReader,
    ledger: Ledger,
    request: Request,
    cursor: Annotated[str | None, Query()] = None,
    limit: Limit = 100,
) -> Response:
    """The records of a request in partial mode that did not land: as sent, and what was wrong; kept for 90 days."""
    (after,) = decode_cursor(cursor, int) if cursor else (-1,)
    async with reading(ledger.pool, caller.visible) as connection:
        rows = await connection.fetch(_REJECTIONS, batch_id, after, limit + 1)
    if not rows and after == -1:
        raise Refused("not_found")
    language = language_of(request)
    items = [
        {
            "place": row["place"],
            "resource": row["resource"],
            "record": row["record"],
            "errors": [Fault.from_stored(each).shown(language) for each in msgspec.json.decode(row["errors"])],
            "recorded_at": row["recorded_at"],
        }
        for row in rows[:limit]
    ]
    return page_response(request, items, (rows[limit - 1]["place"],) if len(rows) > limit else None)
