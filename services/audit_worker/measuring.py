"""Measures tables that have just been filled, and days that have just come in, before rules read them.

Until autovacuum comes by, the planner takes a table loaded within seconds for an empty one, and joins a school's pupils with
their consents by reading all consents for each pupil: minutes instead of milliseconds.
"""

from datetime import date

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


async def measure_days(connection: asyncpg.Connection, last_day: date) -> list[str]:
    """Analyze what holds a later day than the planner has seen, of which it would expect a row; returns the names."""
    names: list[str] = await connection.fetchval("select audit.measure_days($1)", last_day)
    if names:
        log.info("days_measured", tables=names, last_day=last_day.isoformat())
    return names
