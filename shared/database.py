"""PostgreSQL for the services: pools by role, tenancy, statements read from `.sql` files with named binds."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import asyncpg

from shared import metrics

ServiceRole = Literal["taizhang_ledger", "taizhang_audit", "taizhang_reporting"]

# How long a request may wait before it is told to come back (503): for a connection, for a lock that another holds,
# for one statement; and for any answer at all of a server that has stopped answering.
ACQUIRE_SECONDS = 5.0
LOCK_SECONDS = 8
STATEMENT_SECONDS = 60
SILENCE_SECONDS = 70.0
# The key of the advisory lock under which audits take turns, and a migration among them.
TURN_LOCK = 0x7A1_2A46
# And of the one under which what was held and who came is rolled up for the reports.
SERVICE_LOCK = 0x7A1_2A47
# More than a service has.
STATEMENTS_KEPT = 1000

_NAMED_BIND = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|::)|:([a-z_][a-z0-9_]*)""", re.DOTALL)


@dataclass(frozen=True)
class Visible:
    """What a caller may see: the district, the schools of a stage, or the schools named."""

    district: bool = False
    stage: str | None = None
    schools: tuple[str, ...] = ()


DISTRICT = Visible(district=True)


@dataclass(frozen=True)
class Statement:
    """One SQL statement with named binds (`:school_id`), as asyncpg's positions."""

    text: str
    binds: tuple[str, ...]

    @classmethod
    def parse(cls, sql: str) -> "Statement":
        """Number the named binds of `sql`; quoted text, comments and casts are left alone."""
        names: list[str] = []

        def number(match: re.Match[str]) -> str:
            if match[1] is not None:
                return match[1]
            if match[2] not in names:
                names.append(match[2])
            return f"${names.index(match[2]) + 1}"

        return cls(text=_NAMED_BIND.sub(number, sql), binds=tuple(names))

    @classmethod
    def from_file(cls, path: Path) -> "Statement":
        """The statement of a `.sql` file."""
        return cls.parse(path.read_text("utf-8"))

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """The values in the binds' order; raises KeyError when one is missing."""
        return [values[name] for name in self.binds]

    async def fetch(self, connection: asyncpg.Connection, **values: object) -> Sequence[asyncpg.Record]:
        """Run it and return all rows."""
        rows: Sequence[asyncpg.Record] = await connection.fetch(self.text, *self.arguments(values))
        return rows


async def open_pool(database_url: str, *, role: ServiceRole, size: int) -> asyncpg.Pool:
    """A pool whose connections act as `role` and nothing more.

    Raises OSError or asyncpg.PostgresError when the database does not answer or the role is not there.
    """
    pool = await asyncpg.create_pool(
        database_url,
        min_size=min(2, size),
        max_size=size,
        server_settings=role_settings(role),
        command_timeout=None if role == "taizhang_audit" else SILENCE_SECONDS,
        # An audit goes through some 160 statements, and to plan one takes longer than to run it: all are kept, for good.
        statement_cache_size=STATEMENTS_KEPT,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
        reset=keep,
    )
    metrics.CONNECTIONS_MOST.set(size)
    metrics.CONNECTIONS_BUSY.set_function(lambda: pool.get_size() - pool.get_idle_size())
    return pool


async def keep(_connection: asyncpg.Connection) -> None:
    """Nothing of ours outlives its transaction: no round trip to reset what was never set."""


def role_settings(role: ServiceRole) -> dict[str, str]:
    """Sent with a connection's first packet: no round trip, and RESET ROLE comes back to it.

    A request's waits are bounded. The audit's are not: its turns are a lock, and a district's term takes its time.
    """
    bounds = {"lock_timeout": f"{LOCK_SECONDS}s", "statement_timeout": f"{STATEMENT_SECONDS}s"}
    return {
        "role": role,
        "application_name": role,
        "timezone": "UTC",
        "datestyle": "ISO",
        "jit": "off",
        # Whoever was killed in the middle of a statement holds no lock until that statement ends, minutes later perhaps.
        "client_connection_check_interval": "2s",
        **({} if role == "taizhang_audit" else bounds),
    }


@asynccontextmanager
async def reading(
    pool: asyncpg.Pool, visible: Visible, *, as_of: datetime | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """A read-only snapshot (repeatable read) that sees what `visible` may see and nothing else.

    `as_of`: and, to reporting, of the facts and the findings only what was recorded by that instant; None: all.
    """
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        try:
            # One way there and back for both. Such a query takes no parameters: what it says is quoted.
            await connection.execute(f"begin isolation level repeatable read read only; {_shown(visible, as_of)}")
            yield connection
        finally:
            # It wrote nothing: after an error, too, this is only its end.
            if not connection.is_closed():
                await connection.execute("commit")


@asynccontextmanager
async def taken_back(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction of which nothing stays."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


def _shown(visible: Visible, as_of: datetime | None = None) -> str:
    """What `show` says, as text: no round trip to a stage's schools where none is named."""
    schools = quoted(",".join(visible.schools))
    if visible.stage is not None:
        schools = f"coalesce(ledger.schools_of_stage({quoted(visible.stage)}), {schools})"
    district = quoted("on" if visible.district else "")
    then = "" if as_of is None else f", set_config('taizhang.as_of', {quoted(as_of.isoformat())}, true)"
    return f"select set_config('taizhang.district', {district}, true), set_config('taizhang.schools', {schools}, true){then}"


def quoted(words: str) -> str:
    """A literal of SQL, whatever the words."""
    return "'" + words.replace("'", "''") + "'"


async def show(connection: asyncpg.Connection, visible: Visible) -> None:
    """Let the connection's transaction see what `visible` may see, and nothing else, until it ends."""
    await connection.execute(
        "select ledger.let_see($1, $2, $3)",
        "on" if visible.district else "",
        visible.stage,
        ",".join(visible.schools),
    )
