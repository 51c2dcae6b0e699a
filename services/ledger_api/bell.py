"""The bell: tells the audit worker, after the commit, that there is something to audit or to deliver. Redis may be gone; facts are not."""

import asyncio
from contextlib import suppress
from typing import Literal

import msgspec
import structlog
from arq import ArqRedis
from arq.connections import RedisSettings, create_pool
from redis.exceptions import RedisError

log = structlog.get_logger()

QUEUE = "taizhang:audit"
Job = Literal["audit", "deliver"]
# Rings closer together than this are one: the job looks at everything in the outbox anyway.
PAUSE_SECONDS = 0.02
# While Redis is away the worker's own sweep finds the outbox; the bell tries again at this pace.
RETRY_SECONDS = 2.0


class Bell:
    """Rings in the background; a request never waits for Redis."""

    def __init__(self, redis_url: str) -> None:
        """`redis_url`: where arq listens."""
        self._settings = RedisSettings.from_dsn(redis_url)
        self._settings.conn_retries = 0
        self._wanted = asyncio.Event()
        self._jobs: set[Job] = set()
        self._task: asyncio.Task[None] | None = None

    def ring(self, job: Job = "audit") -> None:
        """Ring soon; never waits, never fails."""
        self._jobs.add(job)
        self._wanted.set()

    async def start(self) -> None:
        """Begin to listen for rings."""
        self._task = asyncio.create_task(self._keep_ringing())

    async def stop(self) -> None:
        """End; a ring not yet passed on is found by the worker's sweep."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_ringing(self) -> None:
        connecting: asyncio.Task[ArqRedis] | None = None
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                rung, self._jobs = self._jobs, set()
                try:
                    # Shielded: who is stopped while connecting still has a connection to close.
                    connecting = connecting or asyncio.create_task(
                        create_pool(self._settings, job_serializer=msgspec.json.encode)
                    )
                    pool = await asyncio.shield(connecting)
                    for job in rung:
                        await pool.enqueue_job(job, _queue_name=QUEUE)
                    await pool.publish(QUEUE, b"")
                except (RedisError, OSError) as error:
                    if connecting is not None and connecting.done() and connecting.exception() is not None:
                        connecting = None
                    log.warning("bell_not_rung", error=repr(error))
                    self._jobs |= rung
                    self._wanted.set()
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            if connecting is not None:
                with suppress(RedisError, OSError):
                    await (await connecting).aclose()
