"""Wakes whoever waits for findings: one LISTEN a process, told by the audit's commit."""

import asyncio
from contextlib import suppress
from typing import Annotated, Any

import asyncpg
import structlog
from fastapi import Depends, Request

log = structlog.get_logger()

CHANNEL = "taizhang_findings"
# A lost connection is made anew at this pace; waiters look for themselves at least this often.
RECONNECT_SECONDS = 2.0


class Wakening:
    """A counter that rises with every commit of findings."""

    def __init__(self, database_url: str) -> None:
        """`database_url`: where to listen."""
        self._database_url = database_url
        self._count = 0
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """End listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def ticket(self) -> int:
        """Take it before reading: what commits after it is not slept through."""
        return self._count

    async def wait(self, ticket: int, seconds: float) -> None:
        """Wait until something was committed after the ticket was taken, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._count != ticket)

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(self._database_url, server_settings={"role": "taizhang_reporting"})
            except (OSError, asyncpg.PostgresError) as error:
                log.warning("listen_failed", error=repr(error))
                await asyncio.sleep(RECONNECT_SECONDS)
                continue
            lost = asyncio.Event()
            connection.add_termination_listener(lambda *_, ended=lost: ended.set())
            try:
                await connection.add_listener(CHANNEL, self._on_notice)
                await self._wake()
                await lost.wait()
            finally:
                with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await connection.close(timeout=1)

    def _on_notice(self, *_notice: Any) -> None:
        self._waking = asyncio.get_running_loop().create_task(self._wake())

    async def _wake(self) -> None:
        async with self._changed:
            self._count += 1
            self._changed.notify_all()


async def _wakening(request: Request) -> Wakening:
    wakening: Wakening = request.app.state.wakening
    return wakening


WakeningOf = Annotated[Wakening, Depends(_wakening)]
