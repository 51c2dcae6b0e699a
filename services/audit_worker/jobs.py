"""What the worker does when it is told, and by itself: say of new days what can be said at once, audit them whole, sweep."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from services.audit_worker import claims, engine, parking

log = structlog.get_logger()

# The whole audit of what came in waits until nothing more has come for so long, and no longer than the other: what is
# posted one after the other is looked at together, since a month's rules look at the whole month for each.
QUIET_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 5.0
# What a day's own rules say of it comes first.
ROLL_UP_SECONDS = 0.2


async def audit_days(context: dict[str, Any]) -> int:
    """Audit the days of the outbox as far as it can be done at once; returns the number of rows looked at."""
    # Told at the start too: where days never cease to come in, this does not end.
    for told in ("to_roll_up", "came_in"):
        context[told].set()
    looked_at = 0
    while rows := (await engine.audit_days(context["pool"], context["rules"])).outbox_rows:
        looked_at += rows
    if looked_at:
        await deliver(context)
    context["came_in"].set()
    return looked_at


async def roll_up_soon(context: dict[str, Any]) -> None:
    """Wait for days to come in, and roll up for the reports what came a moment later."""
    to_roll_up: asyncio.Event = context["to_roll_up"]
    await to_roll_up.wait()
    to_roll_up.clear()
    await asyncio.sleep(ROLL_UP_SECONDS)
    await engine.roll_up_service(context["pool"])


async def audit_when_quiet(context: dict[str, Any]) -> int:
    """Wait for days to come in and for a quiet moment, then audit; returns the number of outbox rows audited."""
    came_in: asyncio.Event = context["came_in"]
    await came_in.wait()
    loop = asyncio.get_running_loop()
    latest = loop.time() + LONGEST_WAIT_SECONDS
    while came_in.is_set() and loop.time() < latest:
        came_in.clear()
        try:
            await asyncio.wait_for(came_in.wait(), min(QUIET_SECONDS, latest - loop.time()))
        except TimeoutError:
            break
    came_in.clear()
    return await audit(context)


async def audit(context: dict[str, Any]) -> int:
    """Audit what is in the outbox now; returns the number of rows audited. What comes in meanwhile has a quiet moment of its own."""
    pool, audited, rows = context["pool"], 0, 1
    newest = await claims.newest(pool)
    while rows and await claims.any_left(pool, newest):
        rows = (await engine.audit_once(pool, context["rules"])).outbox_rows
        audited += rows
    if audited:
        await deliver(context)
    return audited


async def deliver(context: dict[str, Any]) -> None:
    """Let the courier look now: there is a change to tell of, or an owner asks for something. A deaf one looks by itself."""
    wake: Callable[[], None] | None = context.get("wake_courier")
    if wake is not None:
        wake()


async def sweep(context: dict[str, Any]) -> int:
    """Find what no job asked for (a lost bell, a dead worker), parked scopes whose time has come, what is overdue."""
    if retried := await engine.retry_parked(context["pool"], context["rules"]):
        log.warning("parked_scopes_retried", retried=retried, left=len(await parking.parked(context["pool"])))
    looked_at = await audit_days(context)
    if await engine.escalate(context["pool"], context["escalate_after"]):
        await deliver(context)
    return looked_at
