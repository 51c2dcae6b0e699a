"""Who read pupils' records: the bureau's and the auditor's to see, and nobody's to change."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime

from services.reporting.dependencies import LedgerReader, Pool
from shared.database import reading
from shared.pagination import Limit, decode_cursor, page_response
from shared.problems import Refused

router = APIRouter(prefix="/v1/readings", tags=["ledger"])

_READINGS = """
    select reading_id, read_at, client_id, client_kind, request_id, resource, school_ids, records, of_one_pupil
    from ledger.pupil_reading
    where
        ($1::text is null or $1 = any(school_ids))
        and ($2::text is null or client_id = $2)
        and ($3::timestamptz is null or read_at >= $3)
        and reading_id > $4
    order by reading_id
    limit $5
"""


@router.get("")
async def list_readings(
    caller: LedgerReader,
    pool: Pool,
    request: Request,
    school_id: str | None = None,
    client_id: str | None = None,
    since: Annotated[AwareDatetime | None, Query(description="read at this instant or later")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Every answer that named pupils, in the order of reading: who, when, which schools', how many records; never which pupils."""
    if not caller.visible.district:
        raise Refused("not_found")
    (after,) = decode_cursor(cursor, int) if cursor else (0,)
    async with reading(pool, caller.visible) as connection:
        rows = await connection.fetch(_READINGS, school_id, client_id, since, after, limit + 1)
    last = (rows[limit - 1]["reading_id"],) if len(rows) > limit else None
    return page_response(request, [dict(row) for row in rows[:limit]], last)
