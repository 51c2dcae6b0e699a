"""What `taizhang rollup` does: throw the rollups away and make them anew from the facts."""

import asyncio
from datetime import date

import asyncpg

from services.audit_worker import rollup, rollup_service
from services.audit_worker.engine import terms_of
from services.audit_worker.scope import Scope
from services.cli.progress import progress_bar
from services.cli.running import database_url_of
from shared.database import SERVICE_LOCK, TURN_LOCK, open_pool
from shared.settings import Settings

# A term of so many schools is made at once: one commit each, so that whoever reads or audits waits for no longer.
SCHOOLS_AT_ONCE = 10


def rebuild_rollups(settings: Settings, school: str | None) -> dict[str, int]:
    """Of one school or all, every day recorded; returns counts. Raises ValueError for a school that is none."""
    with database_url_of(settings) as database_url:
        return asyncio.run(rebuild_in(database_url, school))


async def rebuild_in(database_url: str, school: str | None) -> dict[str, int]:
    """The same, of a database that is at hand."""
    pool = await open_pool(database_url, role="taizhang_audit", size=1)
    try:
        async with pool.acquire() as connection:
            schools = [each for each in await rollup.district(connection) if each != "district"]
            if school is not None and school not in schools:
                raise ValueError(f"there is no {school}")
            wanted = schools if school is None else [school]
            days = await _days(connection)
            if not days:
                return {"schools": 0, "school_days": 0, "people": 0}
            people: set[str] = set()
            with progress_bar("rebuilding", len(wanted)) as advance:
                for first in range(0, len(wanted), SCHOOLS_AT_ONCE):
                    some = tuple(wanted[first : first + SCHOOLS_AT_ONCE])
                    for first_day, last_day in days:
                        people |= await _rebuild_some(connection, Scope(some, first_day, last_day))
                    advance(len(some))
            school_days = await connection.fetchval(
                "select count(*) from audit.work_day where school_id = any($1)", wanted
            )
            return {"schools": len(wanted), "school_days": school_days, "people": len(people)}
    finally:
        await pool.close()


async def _rebuild_some(connection: asyncpg.Connection, scope: Scope) -> set[str]:
    """Make the scope's rollups anew, between two audits; returns its people."""
    async with connection.transaction():
        for lock in (TURN_LOCK, SERVICE_LOCK):
            await connection.execute("select pg_advisory_xact_lock($1)", lock)
        people = await rollup.rebuild(connection, [scope])
        await rollup.rebuild_days(connection, [scope])
        await rollup.rebuild_figures(connection, [scope])
        await rollup_service.rebuild_service([connection], [scope])
        await rollup_service.recount_pupils(connection, scope.school_ids)
    return people


async def _days(connection: asyncpg.Connection) -> list[tuple[date, date]]:
    """From the first to the last day that facts or rollups may have: of the terms, and of what was rolled up before.

    In one piece, but for the school years that lie in an archive: their rollups stay, for their facts are not here.
    """
    terms = await terms_of(connection)
    row = await connection.fetchrow(
        "select min(service_date) as first_day, max(service_date) as last_day from audit.audited_day"
    )
    ends = [day for term in terms for day in (term.starts_on, term.ends_on)]
    ends += [day for day in (row["first_day"], row["last_day"]) if day is not None]
    if not ends:
        return []
    pieces, begins = [], min(ends)
    for year in await connection.fetchval("select ledger.archived_years()"):
        pieces.append((begins, min(max(ends), date(year, 8, 31))))
        begins = max(begins, date(year + 1, 9, 1))
    return [(first, last) for first, last in (*pieces, (begins, max(ends))) if first <= last]
