"""Which outbox rows one transaction of the worker takes on, the oldest first: of days, of some schools, for the reports' rollups."""

import asyncpg

from services.audit_worker import dispositions
from services.audit_worker.rollup_service import DAILY

# Outbox rows whose days are looked at at once: few enough that it stays short.
DAY_ROWS = 500
# What speaks of so many days is no school's day, but a load: it waits for the whole audit.
MOST_DAYS_AT_ONCE = 3
_DAYS = """
    select * from ledger.outbox
    where not days_audited and (cardinality(service_dates) between 1 and $1 or resource = $2)
    order by outbox_id
    limit $3
    for update skip locked
"""
# The whole audit looks at so many schools in one claim, each with all that it has in the outbox: its term is gone through once,
# and days that come in meanwhile wait for some schools' terms and not for the district's.
CLAIM_SCHOOLS, CLAIM_ROWS = 8, 5000
# What the reports' rollups do not hold yet stays: who rolls it up comes first (engine.roll_up_service).
_SCHOOLS = """
    select * from ledger.outbox
    where
        (service_rolled_up or resource <> all($1))
        and school_id in (
            select school_id from ledger.outbox
            where service_rolled_up or resource <> all($1)
            group by school_id
            order by min(outbox_id)
            limit $2
        )
    order by outbox_id
    limit $3
    for update skip locked
"""
ROLL_UP_ROWS = 50
_SERVICE = """
    select * from ledger.outbox
    where not service_rolled_up and resource = any($1)
    order by outbox_id
    limit $2
"""


async def claim(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """What is looked at whole: the rows of some schools, locked."""
    claimed: list[asyncpg.Record] = await connection.fetch(_SCHOOLS, list(DAILY), CLAIM_SCHOOLS, CLAIM_ROWS)
    return claimed


async def claim_days(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """What is looked at at once: rows of a day or a few, and what people decided, locked."""
    claimed: list[asyncpg.Record] = await connection.fetch(_DAYS, MOST_DAYS_AT_ONCE, dispositions.RESOURCE, DAY_ROWS)
    return claimed


async def claim_service(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """What is rolled up for the reports; not locked, for who audits these days meanwhile need not wait."""
    claimed: list[asyncpg.Record] = await connection.fetch(_SERVICE, list(DAILY), ROLL_UP_ROWS)
    return claimed


async def newest(pool: asyncpg.Pool) -> int:
    """The last row that has come in, or 0."""
    found: int = await pool.fetchval("select coalesce(max(outbox_id), 0) from ledger.outbox")
    return found


async def any_left(pool: asyncpg.Pool, up_to: int) -> bool:
    """Whether one up to this has not been looked at whole."""
    found: bool = await pool.fetchval("select exists (select from ledger.outbox where outbox_id <= $1)", up_to)
    return found
