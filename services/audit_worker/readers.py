"""Connections that see what one transaction sees, for statements that are asked side by side."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from shared.database import ACQUIRE_SECONDS, quoted

# The store seldom has fewer processors than the worker; beyond some, what is sorted at once takes its memory.
SIDE_BY_SIDE = min(4, os.cpu_count() or 1)


@asynccontextmanager
async def readers_beside(pool: asyncpg.Pool, connection: asyncpg.Connection) -> AsyncIterator[list[asyncpg.Connection]]:
    """Connections that read what this one's transaction sees now, its own changes excepted: as many as the pool has free."""
    snapshot = await connection.fetchval("select pg_export_snapshot()")
    patience = await connection.fetchval("select current_setting('statement_timeout')")
    async with AsyncExitStack() as stack:
        readers: list[asyncpg.Connection] = []
        # None is waited for: who waits for this audit's turn may hold the rest.
        while len(readers) + 1 < SIDE_BY_SIDE and (pool.get_idle_size() or pool.get_size() < pool.get_max_size()):
            reader = await stack.enter_async_context(pool.acquire(timeout=ACQUIRE_SECONDS))
            await stack.enter_async_context(reader.transaction(isolation="repeatable_read", readonly=True))
            await reader.execute(f"set transaction snapshot {quoted(snapshot)}")
            await reader.execute("select set_config('statement_timeout', $1, true)", patience)
            readers.append(reader)
        yield readers
