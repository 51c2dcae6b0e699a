"""The rollup `audit.staff_day`: recomputed for the school-days a change touched, never patched."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

from services.audit_worker.scope import Scope
from shared.database import Statement

_REBUILD = Statement.from_file(Path(__file__).with_suffix(".sql"))


async def rebuild(connection: asyncpg.Connection, scopes: Sequence[Scope]) -> set[str]:
    """Recompute the scopes' rows; returns everyone who worked there before or works there now."""
    people: set[str] = set()
    for scope in scopes:
        arguments = {"school_ids": list(scope.school_ids), "first_day": scope.first_day, "last_day": scope.last_day}
        gone = await connection.fetch(
            "delete from audit.staff_day where school_id = any($1) and service_date between $2 and $3 returning staff_id",
            *arguments.values(),
        )
        await _REBUILD.fetch(connection, **arguments)
        people.update(row["staff_id"] for row in gone)
        people |= await people_in(connection, scope)
    return people


async def people_in(connection: asyncpg.Connection, scope: Scope) -> set[str]:
    """Everyone who worked in the scope."""
    rows = await connection.fetch(
        "select distinct staff_id from audit.staff_day where school_id = any($1) and service_date between $2 and $3",
        list(scope.school_ids),
        scope.first_day,
        scope.last_day,
    )
    return {row["staff_id"] for row in rows}
