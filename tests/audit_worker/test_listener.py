"""The listener: what is queued with a ring is begun at once, what is queued without one at the next look."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import func

from services.audit_worker import listener
from services.audit_worker.listener import QUEUE, Listener
from services.cli.embedded import Stores

PATIENCE_SECONDS = 20
HELD_UP_MILLISECONDS = 500


@asynccontextmanager
async def listening(stores: Stores, done: Callable[[], None]) -> AsyncIterator[ArqRedis]:
    """A listener whose one job calls `done`; who queues jobs for it."""

    async def job(_context: dict[str, Any]) -> None:
        done()

    settings = RedisSettings.from_dsn(stores.redis_url)
    worker = Listener(func(job, name="job", keep_result=0), redis_settings=settings, max_jobs=1)
    queue = await create_pool(settings)
    working = asyncio.create_task(worker.async_run())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (await queue.pubsub_numsub(QUEUE))[0][1]:
                await asyncio.sleep(0)
        yield queue
    finally:
        working.cancel()
        await asyncio.wait([working])
        await worker.close()
        await queue.aclose()


# arq's own way to close its connection.
@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")
@pytest.mark.parametrize(("look_seconds", "rings"), [(3600, True), (0.01, False)])
async def test_jobs_are_begun_one_after_the_other_when_it_rings_or_at_the_next_look(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, look_seconds: float, rings: bool
) -> None:
    monkeypatch.setattr(listener, "LOOK_SECONDS", look_seconds)
    ended = asyncio.Semaphore(0)
    async with listening(stores, ended.release) as queue, asyncio.timeout(PATIENCE_SECONDS):
        for _time in range(2):
            for _job in range(3):
                await queue.enqueue_job("job", _queue_name=QUEUE)
            if rings:
                await queue.publish(QUEUE, b"")
            for _job in range(3):
                await ended.acquire()
        while await queue.zcard(QUEUE):
            await asyncio.sleep(0)


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")
async def test_it_closes_quietly_while_redis_does_not_take_that_a_job_is_done(stores: Stores) -> None:
    """What its caller hears is never the end of a job: a worker that is not told to end would take it for its own."""
    ended = asyncio.Event()

    def hold_redis_up() -> None:
        redis.Redis.from_url(stores.redis_url).client_pause(HELD_UP_MILLISECONDS)
        ended.set()

    async with asyncio.timeout(PATIENCE_SECONDS):
        async with listening(stores, hold_redis_up) as queue:
            await queue.enqueue_job("job", _queue_name=QUEUE)
            await ended.wait()
