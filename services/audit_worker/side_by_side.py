"""Pieces of one audit over several connections at once: each piece is a statement or a few, and none needs another's answer."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import asyncpg

from shared.database import ACQUIRE_SECONDS, quoted

Lane = TypeVar("Lane")
Piece = TypeVar("Piece")

# The store seldom has fewer processors than the worker; beyond some, what is sorted at once takes its memory.
SIDE_BY_SIDE = min(4, os.cpu_count() or 1)


async def side_by_side(
    lanes: Sequence[Lane], pieces: Iterable[Piece], do: Callable[[Lane, Piece], Awaitable[None]]
) -> None:
    """Do each piece, as many at once as there are lanes; after one raises no more are begun, and that is raised."""
    waiting = deque(pieces)

    async def along(lane: Lane) -> None:
        while waiting:
            try:
                await do(lane, waiting.popleft())
            except BaseException:
                waiting.clear()
                raise

    if len(lanes) == 1:
        await along(lanes[0])
        return
    for ended in await asyncio.gather(*map(along, lanes), return_exceptions=True):
        if ended is not None:
            raise ended


@asynccontextmanager
async def writers_beside(pool: asyncpg.Pool) -> AsyncIterator[list[asyncpg.Connection]]:
    """Connections in a transaction each, as many as the pool has free; committed at the end, none after an exception."""
    async with AsyncExitStack() as stack:
        yield await _beside(pool, stack, readonly=False)


@asynccontextmanager
async def readers_beside(pool: asyncpg.Pool, connection: asyncpg.Connection) -> AsyncIterator[list[asyncpg.Connection]]:
    """Connections that read what this one's transaction sees now, its own changes excepted: as many as the pool has free."""
    snapshot = await connection.fetchval("select pg_export_snapshot()")
    patience = await connection.fetchval("select current_setting('statement_timeout')")
    async with AsyncExitStack() as stack:
        readers = await _beside(pool, stack, readonly=True)
        for reader in readers:
            await reader.execute(f"set transaction snapshot {quoted(snapshot)}")
            await reader.execute("select set_config('statement_timeout', $1, true)", patience)
        yield readers


async def _beside(pool: asyncpg.Pool, stack: AsyncExitStack, *, readonly: bool) -> list[asyncpg.Connection]:
    """None is waited for: who waits for this audit's turn may hold the rest."""
    connections: list[asyncpg.Connection] = []
    while len(connections) + 1 < SIDE_BY_SIDE and (pool.get_idle_size() or pool.get_size() < pool.get_max_size()):
        connection = await stack.enter_async_context(pool.acquire(timeout=ACQUIRE_SECONDS))
        isolation = "repeatable_read" if readonly else "read_committed"
        await stack.enter_async_context(connection.transaction(isolation=isolation, readonly=readonly))
        connections.append(connection)
    return connections
