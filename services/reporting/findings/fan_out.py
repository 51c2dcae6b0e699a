"""One read of the database for all who wait at the same place: a thousand listeners ask once, not a thousand times."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import Depends, Request

from services.reporting.findings.events import events_after
from shared.database import Visible

log = structlog.get_logger()

# Reads at once; the pool's other connections stay with those who ask single questions.
READS_AT_ONCE = 4
# More listeners than one process serves in time: the next one is told to come back.
LISTENERS = 4000


@dataclass(frozen=True)
class Frames:
    """A page of the stream as it goes over the wire; `position`: of its last event, `number`: how many they are."""

    position: int
    number: int
    text: bytes


class FanOut:
    """Reads pages of events; whoever asks for what is being read already waits for that."""

    def __init__(self, pool: Any) -> None:
        """`pool`: reporting's."""
        self._pool = pool
        self._turns = asyncio.Semaphore(READS_AT_ONCE)
        self.listeners = 0
        self._reading: dict[tuple[Visible, int, int, int], asyncio.Task[Frames]] = {}

    async def frames(self, visible: Visible, position: int, limit: int, *, ticket: int) -> Frames:
        """At most `limit` events after a position, as `visible` may see them.

        `ticket`: of the wakening, taken before; only who took the same one shares a read, so that none is given a page
        from before the commit that woke it.
        """
        key = (visible, position, limit, ticket)
        if key not in self._reading:
            task = asyncio.create_task(self._read(visible, position, limit))
            self._reading[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        # One listener that leaves does not take the others' read with it.
        return await asyncio.shield(self._reading[key])

    def _forget(self, key: tuple[Visible, int, int, int], done: asyncio.Task[Frames]) -> None:
        del self._reading[key]
        if not done.cancelled() and (error := done.exception()) is not None:
            # Whoever still waits is told; that nobody does is no reason to hide it.
            log.warning("stream_not_read", error=repr(error))

    async def _read(self, visible: Visible, position: int, limit: int) -> Frames:
        async with self._turns:
            events = await events_after(self._pool, visible, position, limit)
        last = int(events[-1]["cursor"]) if events else position
        return Frames(last, len(events), _written(events))


def _written(events: Sequence[Mapping[str, Any]]) -> bytes:
    # `retry` travels with the events: alone, some clients take it for an empty one.
    return b"".join(
        b"id: %s\nevent: %s\nretry: 2000\ndata: %s\n\n"
        % (event["cursor"].encode(), event["change"].encode(), msgspec.json.encode(event))
        for event in events
    )


async def _fan_out(request: Request) -> FanOut:
    fan_out: FanOut = request.app.state.fan_out
    return fan_out


FanOutOf = Annotated[FanOut, Depends(_fan_out)]
