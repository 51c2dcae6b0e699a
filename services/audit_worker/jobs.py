"""What the worker does when it is told, and by itself: audit the outbox, sweep what no job asked for."""

from typing import Any

import structlog

from services.audit_worker import engine, parking

log = structlog.get_logger()


async def audit(context: dict[str, Any]) -> int:
    """Audit until the outbox is empty; returns the number of outbox rows audited."""
    audited = 0
    while rows := (await engine.audit_once(context["pool"], context["rules"])).outbox_rows:
        audited += rows
    return audited


async def sweep(context: dict[str, Any]) -> int:
    """Find what no job asked for (a lost bell, a dead worker), parked scopes whose time has come, what is overdue."""
    if retried := await engine.retry_parked(context["pool"], context["rules"]):
        log.warning("parked_scopes_retried", retried=retried, left=len(await parking.parked(context["pool"])))
    audited = await audit(context)
    await engine.escalate(context["pool"], context["escalate_after"])
    return audited
