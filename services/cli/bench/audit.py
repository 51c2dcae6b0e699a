"""The audit: a school-day, a district-day and a term of a simulated district, beside the usual ways; ARCHITECTURE's bars.

Every rule, as the worker runs them, over a district with a term's documents in the ledger.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import mkdtemp
from time import perf_counter

import asyncpg
import psycopg
import structlog

from services.audit_worker import rollup
from services.audit_worker.catalogue import Rule, read_catalogue
from services.audit_worker.dirt import Dirt
from services.audit_worker.engine import audit_all, audit_once, find_and_fold, terms_of
from services.audit_worker.scope import widen
from services.audit_worker.side_by_side import SIDE_BY_SIDE
from services.cli.bench.audit_references import (
    CHECKED,
    copy_marks,
    empty_marks,
    findings_by_objects,
    load_objects,
    marks_as_copied,
)
from services.cli.bench.audit_suite import findings_by_frames
from services.cli.bench.measure import Line, Rates, timed
from services.cli.bench.post_to_finding import post_to_finding
from services.cli.bench.references import make_tables
from services.cli.clients import create_client
from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import running_services
from services.cli.progress import progress_bar
from services.cli.push import Landed, push_sources
from services.cli.simulator import simulate
from services.cli.simulator.senders import sender_of, sign_in
from services.cli.sources import sources_of
from services.cli.up import signing_key_of
from shared.database import open_pool
from shared.migrations import migrate
from shared.settings import Settings, read_settings

SEED = 7
# What makes a simulated school one of those that the bars are about: 57 sessions and 1,290 marks a day.
PUPILS_A_SCHOOL = (740, 880)
# School-days a round: one takes a moment, and schools differ.
SCHOOL_DAYS_A_ROUND = 5
# A post takes milliseconds: some a round, of which p50 counts.
POSTS_A_ROUND = 8


class FindingsDiffer(Exception):
    """A reference does not find what the rules find: then it is none."""


@dataclass(frozen=True)
class Bench:
    """The stores of a loaded district, and where its files are."""

    settings: Settings
    key: str
    stores: Stores
    folder: Path
    rules: Sequence[Rule]


def bench_audit(*, schools: int, days: int, rounds: int) -> Iterator[Line]:
    """The audit's bars. `days`: the first so many service days of the term are recorded."""
    # A line of log a claim is the worker's business; here it would stand among the figures.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    with loaded_bench(schools, days) as bench:
        term, checks = Rates(), Rates()
        stream = bench.folder / "marks.copy"
        marks_as_copied(bench.stores.database_url, stream)
        load_objects(bench.stores.database_url)
        asyncio.run(_measure(bench, stream, rounds, term, checks))
        posts = Rates()
        lines_to = bench.folder / "services.log"
        with running_services(
            bench.settings, bench.stores, bench.key, commands=("api", "worker"), lines_to=lines_to
        ) as running:
            post_to_finding(
                running.ledger_url, bench.stores.database_url, bench.folder / "district", rounds, POSTS_A_ROUND, posts
            )
    fewer = {"more_is_better": False}
    yield checks.line("audit_school_day", "school-day", "district-day", bar=0.01, unit="ms", **fewer)
    yield checks.line("audit_vs_orm", "checked", "objects", bar=0.125, unit="ms a school-day, A09 A10 A12 A14", **fewer)
    if "frames" in checks.of:
        yield checks.line("audit_vs_pandas", "checked district", "frames", unit="ms a district-day, A09 A10 A12 A14")
    yield posts.line("post_to_finding", "visible", "acknowledged", bar=3, unit="ms, p50", **fewer)
    yield term.line("audit_term", "audit", "copy", bar=3, unit="s", **fewer)


async def _measure(bench: Bench, stream: Path, rounds: int, term: Rates, checks: Rates) -> None:
    """Every way once a round: the term beside its COPY, a district-day, school-days, the checked rules beside others' ways."""
    pool = await open_pool(bench.stores.database_url, role="taizhang_audit", size=SIDE_BY_SIDE)
    owner = await asyncpg.connect(bench.stores.database_url)
    try:
        await owner.execute("delete from ledger.outbox")
        # The first audit writes the rollups and the findings; what is measured leaves them as they are.
        await audit_all(pool, bench.rules)
        await owner.execute("vacuum analyze")
        auditor = _Auditor(pool, owner, bench.rules)
        days = await auditor.days_with_findings()
        # What is loaded with the first day is not measured with it.
        findings_by_frames(bench.stores.database_url, days[0])
        with progress_bar("measuring", rounds) as advance:
            for number in range(rounds):
                day = days[number % len(days)]
                await _round(auditor, bench.stores.database_url, day, number, checks)
                started = perf_counter()
                await audit_all(pool, bench.rules)
                term.add("audit", perf_counter() - started, 1)
                term.add("copy", timed(lambda: copy_marks(bench.stores.database_url, stream)), 1)
                empty_marks(bench.stores.database_url)
                advance(1)
    finally:
        await owner.close()
        await pool.close()


@dataclass(frozen=True)
class _Auditor:
    """One connection as the worker has it, and the owner's to dirty what it is to audit."""

    pool: asyncpg.Pool
    owner: asyncpg.Connection
    rules: Sequence[Rule]

    async def days_with_findings(self) -> list[date]:
        """The days on which the checked rules find most, the most first."""
        rows = await self.owner.fetch(
            "select service_date from audit.finding where rule = any($1) group by 1 order by count(*) desc, 1", CHECKED
        )
        return [row["service_date"] for row in rows]

    async def schools(self, day: date) -> list[str]:
        """The schools with sessions on the day: first those of which the checked rules find something."""
        rows = await self.owner.fetch(
            """
            select school_id from ledger.session_revision where service_date = $2 group by school_id
            order by exists (
                select from audit.finding
                where finding.school_id = session_revision.school_id and service_date = $2 and rule = any($1)
            ) desc, school_id
            """,
            CHECKED,
            day,
        )
        return [row["school_id"] for row in rows]

    async def audit(self, schools: Sequence[str], day: date, rules: Sequence[Rule]) -> float:
        """Milliseconds to audit a day of these schools whose sessions and rolls have just come in.

        They are in the ledger: the outbox says of their batches once more that they are to be looked at.
        """
        await self.owner.execute(
            """
            insert into ledger.outbox (school_id, resource, batch_id, service_dates, recorded_at)
            select distinct on (school_id, resource) school_id, resource, batch_id, array[$2::date], recorded_at
            from ledger.chain_entry
            where school_id = any($1) and resource in ('sessions', 'attendance')
            order by school_id, resource, seq desc
            """,
            schools,
            day,
        )
        started = perf_counter()
        while (await audit_once(self.pool, rules)).outbox_rows:
            pass
        return (perf_counter() - started) * 1000

    async def check(self, schools: Sequence[str], day: date, rules: Sequence[Rule]) -> float:
        """Milliseconds to say by these rules alone what is wrong on the day: the rollup that they read made anew, folded, committed.

        What others do of the same rules beside it makes no rollup for reports either.
        """
        days = {(school_id, day) for school_id in schools}
        dirt = Dirt()
        dirt.days["sessions"] = dirt.days["attendance"] = days
        started = perf_counter()
        async with self.pool.acquire() as connection, connection.transaction():
            terms = await terms_of(connection)
            people = await rollup.rebuild(connection, widen(days, "school_day", terms))
            await find_and_fold(connection, rules, dirt, terms, frozenset(people), rules)
        return (perf_counter() - started) * 1000

    async def found(self, schools: Sequence[str], day: date) -> set[tuple[str, str]]:
        """(rule, subject) of what the checked rules found on the day; of people also what two schools have of them."""
        rows = await self.owner.fetch(
            """
            select rule, subject from audit.finding
            where
                rule = any($1) and service_date = $3 and state <> 'cleared'
                and (
                    school_id = any($2)
                    or (rule = 'A14' and subject in (
                        select staff_id from audit.staff_day where school_id = any($2) and service_date = $3
                    ))
                )
            """,
            CHECKED,
            schools,
            day,
        )
        return {(row["rule"], row["subject"]) for row in rows}


async def _round(auditor: _Auditor, database_url: str, day: date, number: int, checks: Rates) -> None:
    schools = await auditor.schools(day)
    checked = [rule for rule in auditor.rules if rule.code in CHECKED]
    some = [schools[(number + 7 * each) % len(schools)] for each in range(SCHOOL_DAYS_A_ROUND)]
    # The first of each kind plans its statements.
    await auditor.audit(schools[:1], day, auditor.rules)
    await auditor.check(schools[:1], day, checked)
    checks.add("school-day", median([await auditor.audit([each], day, auditor.rules) for each in some]), 1)
    checks.add("district-day", await auditor.audit(schools, day, auditor.rules), 1)
    ours, theirs = [], []
    for school_id in [schools[0], *some]:
        ours.append(await auditor.check([school_id], day, checked))
        started = perf_counter()
        found = findings_by_objects(database_url, school_id, day)
        theirs.append((perf_counter() - started) * 1000)
        _compare(found, await auditor.found([school_id], day), f"objects, {school_id} {day}")
    checks.add("checked", median(ours), 1)
    checks.add("objects", median(theirs), 1)
    district = await auditor.check(schools, day, checked)
    started = perf_counter()
    framed = findings_by_frames(database_url, day)
    if framed is not None:
        checks.add("frames", (perf_counter() - started) * 1000, 1)
        checks.add("checked district", district, 1)
        _compare(framed, await auditor.found(schools, day), f"frames, {day}")


def _compare(theirs: set[tuple[str, str]], ours: set[tuple[str, str]], where: str) -> None:
    if theirs != ours:
        raise FindingsDiffer(f"{where}: {sorted(theirs ^ ours)[:10]}")


@contextmanager
def loaded_bench(schools: int, days: int) -> Iterator[Bench]:
    """Stores with a simulated district that came through the door; nothing is audited yet."""
    data_dir = Path(mkdtemp(prefix="taizhang-bench-"))
    data_dir.chmod(0o755)
    settings = read_settings(data_dir=data_dir, ledger_port=0, reporting_port=0)
    key = signing_key_of(settings)
    with progress_bar("simulating", schools) as advance:
        simulate(schools=schools, days=days, seed=SEED, out=data_dir / "district", told=advance, pupils=PUPILS_A_SCHOOL)
    with embedded_stores(data_dir) as stores:
        migrate(stores.database_url)
        make_tables(stores.database_url)
        lines_to = data_dir / "loading.log"
        with running_services(settings, stores, key, commands=("api",), lines_to=lines_to) as running:
            _load(running.ledger_url, stores.database_url, data_dir / "district")
        with psycopg.connect(stores.database_url, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        yield Bench(settings, key, stores, data_dir, read_catalogue())
    rmtree(data_dir)


def _load(ledger_url: str, database_url: str, folder: Path) -> None:
    """The district's files through the door: the bureau's own, and the schools' as their vendor sends them."""
    signed_in = sign_in(ledger_url, database_url, folder, create_client(database_url, kind="bureau"))
    sources = sources_of([folder])
    with (
        progress_bar("loading", sum(source.size for source in sources)) as advance,
        psycopg.connect(database_url, autocommit=True) as connection,
    ):

        def told(landed: Landed) -> None:
            if landed.source.resource not in {"sessions", "attendance"}:
                # A district's registers in a minute: PostgreSQL looks at its tables' sizes less often by itself.
                connection.execute("analyze ledger.entry, ledger.person")
            advance(len(landed.chunk.content))

        for source in sources:
            push_sources(ledger_url, sender_of(source.resource, signed_in), [source], told=told, at_once=1)
