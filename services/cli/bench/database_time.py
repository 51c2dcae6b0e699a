"""The store's own time for one mark beside a bare commit, and the parts of a school-day: decode, check, database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from uuid import uuid4

import asyncpg
import msgspec

from services.cli.bench.district_day import SESSIONS_A_SCHOOL, SchoolDay
from services.ledger_api.ingest.append import Ledger
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.decode import decode
from services.ledger_api.ingest.payload import AttendanceMark, AttendanceSheet
from shared.database import Visible, keep, role_settings
from shared.tokens import Caller
from shared.vocabulary import SCOPES_OF


class _NoBell:
    def ring(self, _job: str = "audit") -> None:
        """Nobody listens here."""


@dataclass
class Stopwatch:
    """The time that the store took, query by query."""

    seconds: list[float] = field(default_factory=list)

    async def watch(self, connection: asyncpg.Connection) -> None:
        """Hear of every query of a connection."""
        connection.add_query_logger(lambda query: self.seconds.append(query.elapsed))

    def taken(self) -> float:
        """The sum since the last call."""
        total = sum(self.seconds)
        self.seconds.clear()
        return total


def one_mark_and_bare_commit(database_url: str, days: Sequence[SchoolDay], *, marks: int) -> tuple[float, float]:
    """Seconds of the store for a POST of one mark, and for a bare commit; medians, one after the other by turns.

    The marks are of recorded rolls: one pupil of each left early after all.
    """
    return asyncio.run(_one_mark_and_bare_commit(database_url, days, marks))


def append_in_parts(database_url: str, days: Sequence[SchoolDay]) -> dict[str, float]:
    """Seconds of a school-day's sheets in this process: decode, check, database; medians over the schools."""
    return asyncio.run(_append_in_parts(database_url, days))


async def _one_mark_and_bare_commit(database_url: str, days: Sequence[SchoolDay], marks: int) -> tuple[float, float]:
    ours, bare = [], []
    async with _watched(database_url) as (pool, watch):
        ledger = Ledger(pool, _NoBell())
        for number in range(-len(days), marks + 1):
            day = days[number % len(days)]
            line = day.flat.splitlines()[(max(number, 0) // len(days)) % SESSIONS_A_SCHOOL * 22]
            mark = {**msgspec.json.decode(line), "status": "left_early"}
            body = decode(msgspec.json.encode(mark), "application/json", lambda _raw: AttendanceMark)
            if number < 0:
                # A service reads a school's roll once and keeps it; what is measured are the marks after that.
                await ledger.append_attendance(body, _sender(day, dry_run=True))
                continue
            watch.taken()
            await ledger.append_attendance(body, _sender(day))
            ours.append(watch.taken())
            await pool.execute("insert into bench.bare (said) values ($1)", str(number))
            bare.append(watch.taken())
    # The first of each has prepared the statements.
    return median(ours[1:]), median(bare[1:])


async def _append_in_parts(database_url: str, days: Sequence[SchoolDay]) -> dict[str, float]:
    decoding, checking, storing = [], [], []
    async with _watched(database_url) as (pool, watch):
        ledger = Ledger(pool, _NoBell())
        for day in days:
            # The school's roll is read once and then kept; this measures the days after that.
            await ledger.append_attendance(
                decode(day.sheets, "application/x-ndjson", lambda _raw: AttendanceSheet), _sender(day, dry_run=True)
            )
            watch.taken()
            started = perf_counter()
            body = decode(day.sheets, "application/x-ndjson", lambda _raw: AttendanceSheet)
            decoded = perf_counter()
            await ledger.append_attendance(body, _sender(day))
            ended, stored = perf_counter(), watch.taken()
            decoding.append(decoded - started)
            checking.append(ended - decoded - stored)
            storing.append(stored)
    return {"decode": median(decoding), "check": median(checking), "database": median(storing)}


@asynccontextmanager
async def _watched(database_url: str) -> AsyncIterator[tuple[asyncpg.Pool, Stopwatch]]:
    """A connection as the ledger API has it, with a stopwatch on it."""
    watch = Stopwatch()
    settings = role_settings("taizhang_ledger")
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=1, init=watch.watch, server_settings=settings, reset=keep
    ) as pool:
        yield pool, watch


def _sender(day: SchoolDay, *, dry_run: bool = False) -> Sender:
    caller = Caller("bench", "school", SCOPES_OF["school"], Visible(schools=(day.school_id,)), 2**40)
    return Sender(caller, uuid4().hex, None, dry_run)
