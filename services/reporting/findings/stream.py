"""The feed of findings as Server-Sent Events: `id:` is the cursor, `Last-Event-ID` resumes, a heartbeat every 15 s."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from services.reporting.dependencies import FindingsReader
from services.reporting.findings.events import position_of
from services.reporting.findings.fan_out import LISTENERS, FanOut, FanOutOf
from services.reporting.findings.wakening import Wakening, WakeningOf
from shared import metrics
from shared.database import Visible
from shared.problems import Refused

router = APIRouter(prefix="/v1/findings/stream", tags=["findings"])

HEARTBEAT_SECONDS = 15.0
PAGE = 200


@router.get("", response_class=StreamingResponse)
async def stream_events(
    caller: FindingsReader,
    fan_out: FanOutOf,
    wakening: WakeningOf,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[str, Query(description="where to begin when there is no Last-Event-ID")] = "",
) -> StreamingResponse:
    """Every change of every finding as it is committed, from the cursor on."""
    if fan_out.listeners >= LISTENERS:
        raise Refused("busy", headers={"Retry-After": "5"})
    position = position_of(last_event_id if last_event_id is not None else after)
    return StreamingResponse(
        _events(fan_out, caller.visible, wakening, position),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(fan_out: FanOut, visible: Visible, wakening: Wakening, position: int) -> AsyncIterator[bytes]:
    fan_out.listeners += 1
    metrics.STREAM_LISTENERS.set(fan_out.listeners)
    try:
        # A comment opens the stream.
        yield b": findings\n\n"
        while True:
            ticket = wakening.ticket()
            page = await fan_out.frames(visible, position, PAGE, ticket=ticket)
            if page.number:
                yield page.text
                position = page.position
                continue
            await wakening.wait(ticket, HEARTBEAT_SECONDS)
            if wakening.ticket() == ticket:
                # No empty line behind it: some clients take that for an event of the last one's id.
                yield b": heartbeat\n"
    finally:
        fan_out.listeners -= 1
        metrics.STREAM_LISTENERS.set(fan_out.listeners)
