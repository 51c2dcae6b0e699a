"""The feed of findings as pages: every change in commit order, none skipped, none twice for one cursor."""

from time import monotonic
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.dependencies import FindingsReader, Pool
from services.reporting.findings.notices import notices_of
from services.reporting.findings.wakening import WakeningOf
from shared.database import Visible, reading
from shared.finding_events import shown_event
from shared.pagination import Limit
from shared.problems import Refused

router = APIRouter(prefix="/v1/findings/events", tags=["findings"])

Number = Annotated[int, Query(ge=1, le=64, description="among how many readers the events are shared out")]
Partition = Annotated[int | None, Query(ge=0, le=63, description="only this part of them, 0 to number - 1")]

# A school is always of the same part, whatever the server: its events stay in their order.
_AFTER = """
    select position, change, at, finding
    from audit.finding_event
    where
        position > $1
        and ($3::integer is null or ('x' || left(md5(school_id), 7))::bit(28)::integer % $4 = $3)
    order by position
    limit $2
"""


@router.get("")
async def list_events(
    caller: FindingsReader,
    pool: Pool,
    wakening: WakeningOf,
    after: Annotated[str, Query(description="the cursor of the last event seen; empty for the beginning")] = "",
    limit: Limit = 200,
    wait: Annotated[float, Query(ge=0, le=60, description="seconds to wait for the first event")] = 0,
    partition: Partition = None,
    number: Number = 1,
) -> Response:
    """Events after a cursor. `next_cursor` is where to go on, also when the page is empty; `notices` name given-up webhooks."""
    position = position_of(after)
    if partition is not None and partition >= number:
        raise Refused("invalid_parameter", name="partition", reason=f"there are {number}, from 0")
    part = None if partition is None else (partition, number)
    ends_at = monotonic() + wait
    while True:
        ticket = wakening.ticket()
        events = await events_after(pool, caller.visible, position, limit, part=part)
        # A commit wakes everybody: one that the caller may not see does not end the wait.
        if events or (left := ends_at - monotonic()) <= 0:
            break
        await wakening.wait(ticket, left)
    cursor = events[-1]["cursor"] if events else str(position)
    async with reading(pool, caller.visible) as connection:
        notices = await notices_of(connection, caller.client_id)
    body = {"items": events, "next_cursor": cursor, "notices": notices}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get("/partitions")
async def list_partitions(_caller: FindingsReader, number: Number = 8) -> dict[str, Any]:
    """Where each of so many parallel readers reads. Every event is in one part; those of a school are in one, in order.

    The cursors are the feed's own: a reader that leaves off goes on from its last one, another may take over from it.
    """
    return {
        "number": number,
        "items": [
            {"partition": place, "href": f"/v1/findings/events?partition={place}&number={number}"}
            for place in range(number)
        ],
    }


def position_of(cursor: str) -> int:
    """The position behind a cursor; raises Refused when it is not one."""
    if cursor == "":
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Refused("invalid_parameter", name="after", reason="not a cursor of this feed")
    return int(cursor)


async def events_after(
    pool: Any, visible: Visible, position: int, limit: int, *, part: tuple[int, int] | None = None
) -> list[dict[str, Any]]:
    """At most `limit` events after a position that `visible` may see, in order; `part`: one of how many, from 0."""
    place, number = part or (None, 1)
    async with reading(pool, visible) as connection:
        rows = await connection.fetch(_AFTER, position, limit, place, number)
    return [shown_event(row) for row in rows]
