"""What a write may ask of the record it changes (If-Match, If-None-Match), looked up under the school's lock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import asyncpg

from shared.problems import Refused


@dataclass(frozen=True)
class Precondition:
    """What must hold of the one record that a request writes: the revision it has, that it has one, or that it has none."""

    revision: int | Literal["any", "none"]

    def holds(self, current: int | None) -> bool:
        """`current`: the record's revision now, None when it is not there or void."""
        if self.revision == "none":
            return current is None
        return current is not None if self.revision == "any" else current == self.revision


@dataclass(frozen=True)
class Revision:
    """How the current revision of one record is looked up: a query that gives `revision, state` newest first."""

    query: str
    arguments: Callable[[], Sequence[object]]


SESSION_REVISION = """
    select revision, state from ledger.session_revision
    where school_id = $1 and session_id = $2 order by revision desc limit 1
"""
ROLL_REVISION = """
    select revision, state from ledger.attendance_revision
    where school_id = $1 and session_id = $2 order by recorded_at desc, revision desc limit 1
"""
ENTRY_REVISION = """
    select revision, state from ledger.entry
    where school_id = $1 and key = $2 and resource = $3 order by revision desc limit 1
"""


async def require(precondition: Precondition, revision_of: Revision, size: int, connection: asyncpg.Connection) -> None:
    """Raises Refused (412) when the batch's one record is not as the sender takes it to be."""
    if size != 1:
        raise Refused("invalid_parameter", name="If-Match", reason="a precondition goes with a single record")
    row = await connection.fetchrow(revision_of.query, *revision_of.arguments())
    current = None if row is None or row["state"] == "void" else row["revision"]
    if not precondition.holds(current):
        raise Refused("precondition_failed", current="—" if current is None else f'"{current}"')
