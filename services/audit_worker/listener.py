"""arq's worker that looks into its queue when the bell rings, and else now and again: nothing waits, and idle it costs nothing."""

import asyncio
from typing import Any

import structlog
from arq.worker import Worker
from redis.asyncio.client import PubSub

log = structlog.get_logger()

QUEUE = "taizhang:audit"
# What was queued without a ring (nobody listened yet) waits no longer.
LOOK_SECONDS = 0.5


class Listener(Worker):
    """Between two looks it waits for a ring on the channel that is named as its queue, or for one of its jobs to end."""

    def __init__(self, *functions: Any, **settings: Any) -> None:
        """As arq's worker, of QUEUE."""
        super().__init__(functions, queue_name=QUEUE, poll_delay=0, handle_signals=False, **settings)
        self._rings: PubSub | None = None
        self._heard: asyncio.Task[Any] | None = None

    async def _poll_iteration(self) -> None:
        if self._rings is None:
            self._rings = self.pool.pubsub(ignore_subscribe_messages=True)
            await self._rings.subscribe(QUEUE)
        await super()._poll_iteration()
        # Kept from one look to the next: a message is never read by half.
        self._heard = self._heard or asyncio.create_task(self._rings.get_message(timeout=LOOK_SECONDS))
        await asyncio.wait([self._heard, *self.tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        if self._heard.done():
            heard, self._heard = self._heard, None
            heard.result()

    async def close(self) -> None:
        """End what runs, and listen no more.

        What a job ends with is not raised: cut off, it would look as if whoever closes had been cancelled.
        """
        cut_off = [*self.tasks.values(), *([self._heard] if self._heard else [])]
        self.tasks.clear()
        for each in cut_off:
            each.cancel()
        for ended in await asyncio.gather(*cut_off, return_exceptions=True):
            if isinstance(ended, Exception):
                log.warning("job_cut_off", error=repr(ended))
        if self._rings is not None:
            await self._rings.aclose()  # type: ignore[no-untyped-call]
        await super().close()
