"""Scopes that could not be audited: kept with the error of their rule, to be tried again later and later."""

from datetime import timedelta

import asyncpg
import msgspec

from services.audit_worker.catalogue import Rule
from services.audit_worker.scope import Scope
from shared.database import ACQUIRE_SECONDS

FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=6)


async def park(connection: asyncpg.Connection, rule: Rule, scope: Scope, error: str) -> None:
    """Keep a scope whose rule raised, with its error, to be tried again later and later."""
    await connection.execute(
        """
        insert into audit.parked_scope (rule, scope, error, attempts, next_attempt_at, parked_at)
        values ($1, $2::text::jsonb, $3, 1, now() + $4, now())
        on conflict (rule, scope) do update set
            error = excluded.error,
            attempts = parked_scope.attempts + 1,
            next_attempt_at = now() + least($4 * power(2, parked_scope.attempts), $5)
        """,
        rule.code,
        msgspec.json.encode(scope).decode(),
        error,
        FIRST_RETRY,
        LAST_RETRY,
    )


async def parked(pool: asyncpg.Pool) -> list[dict[str, object]]:
    """The scopes whose rule raised and has not come through since: which rule, where, why, when it is tried again."""
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        rows = await connection.fetch("select * from audit.parked_scope order by rule, parked_at")
    return [{**dict(row), "scope": msgspec.json.decode(row["scope"])} for row in rows]
