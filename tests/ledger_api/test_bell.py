"""The bell over a real Redis: it rings, and whenever it is stopped it leaves no connection behind."""

import asyncio

import redis

from services.cli.embedded import Stores
from services.ledger_api.bell import QUEUE, Bell


async def test_a_bell_stopped_at_any_step_of_its_first_ring_leaves_no_connection(stores: Stores) -> None:
    observer = redis.Redis.from_url(stores.redis_url)
    before = len(observer.client_list())
    rung = False
    for steps in range(80):
        bell = Bell(stores.redis_url)
        await bell.start()
        bell.ring()
        for _ in range(steps):
            await asyncio.sleep(0)
        await bell.stop()
        rung = rung or observer.zcard(QUEUE) > 0
        observer.delete(QUEUE)
        # Redis hears of an end when it comes round to it.
        while len(observer.client_list()) > before:
            await asyncio.sleep(0)
    observer.close()
    assert rung
