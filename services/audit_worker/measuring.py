"""Measures tables that have just been filled, before rules read them.

Until autovacuum comes by, the planner takes a table loaded within seconds for an empty one, and joins a school's pupils with
their consents by reading all consents for each pupil: minutes instead of milliseconds.
"""

import asyncpg
import structlog

log = structlog.get_logger()

# Twice as many pages are small enough for any plan.
LEAST_PAGES = 8


async def measure_grown(connection: asyncpg.Connection) -> list[str]:
    """Analyze the tables that have grown to twice what the planner knows of them; returns their names. In a transaction."""
    names: list[str] = await connection.fetchval("select audit.measure_grown($1)", LEAST_PAGES)
    if names:
        log.info("tables_measured", tables=names)
    return names
