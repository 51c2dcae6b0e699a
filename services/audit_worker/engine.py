"""The audit: claim outbox rows → widen to the rules' grains → run the rules → fold → findings and events.

One claim is one transaction: what it claims, what it finds and the events about it are committed together, so a worker
that dies anywhere leaves the outbox as it was and another starts over. Audits of one database take turns under one
advisory lock, held to the commit: no two of them can miss what only the other's rollup shows (one person in two
schools), and an event's position, assigned under it, is gap-free and in commit order.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import perf_counter, time_ns
from typing import TypeVar

import asyncpg
import msgspec
import structlog

from services.audit_worker import claims, dispositions, rollup, rollup_service
from services.audit_worker.applicability import Kept, dirty_newly_kept
from services.audit_worker.catalogue import Rule
from services.audit_worker.dirt import Dirt, dirt_of, spare_archived
from services.audit_worker.findings import hold_back, known_of, relate, write_changes
from services.audit_worker.fold import Folded, fold
from services.audit_worker.measuring import measure_days, measure_grown
from services.audit_worker.rule_runs import DAYS_OF_ONE_PLAN, Run, found_at_once, said_beside
from services.audit_worker.scope import Scope, TermDates, days_of, widen
from services.audit_worker.side_by_side import readers_beside, writers_beside
from services.audit_worker.yielding import with_those_that_yield, yielding
from shared import metrics
from shared.database import ACQUIRE_SECONDS, SERVICE_LOCK, TURN_LOCK
from shared.tracing import note_span

log = structlog.get_logger()

Told = TypeVar("Told")

# So many requests of a claim are named in its line.
REQUESTS_NAMED = 20
CHANNEL = "taizhang_findings"
# What a rule reads that speaks of days which the district has recorded and the school has not.
FRONTIER = "frontier"
# What a rule reads that asks how far the district has come: what an office owes by a day is due when service is past it.
PROGRESS = "progress"
# A rule that takes longer over what one claim dirtied, or over everything, is parked: it would stop everybody else.
RULE_SECONDS = 300
FULL_AUDIT_SECONDS = 3600


@dataclass(frozen=True)
class Audited:
    """What one claim did."""

    outbox_rows: int
    changes: int


async def audit_once(pool: asyncpg.Pool, rules: Sequence[Rule]) -> Audited:
    """Claim what the outbox holds of some schools, audit it, commit. Returns zero rows when it is empty."""
    await roll_up_service(pool)
    started = perf_counter()
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await _take_turn(connection, RULE_SECONDS)
        claimed = await claims.claim(connection)
        if not claimed:
            return Audited(0, 0)
        await measure_grown(connection)
        terms = await terms_of(connection)
        # What people decided comes first: they looked at the findings as they were before these facts.
        decided = [row for row in claimed if row["resource"] == dispositions.RESOURCE]
        changes = await _told(connection, dispositions.fold_dispositions, decided) if decided else 0
        dirt = await dirt_of(connection, [row for row in claimed if row["resource"] != dispositions.RESOURCE], terms)
        await dirty_newly_kept(connection, rules, claimed, dirt)
        await _measure(connection, dirt)
        people = await _roll_up(connection, dirt, terms)
        changes += await find_and_fold(connection, rules, dirt, terms, people, rules)
        counted = {row["school_id"] for row in claimed if row["resource"] in rollup_service.COUNTED}
        await rollup_service.recount_pupils(connection, counted)
        await connection.execute(
            "delete from ledger.outbox where outbox_id = any($1)", [row["outbox_id"] for row in claimed]
        )
    await _tell(pool, "outbox_audited", claimed, changes, perf_counter() - started)
    return Audited(len(claimed), changes)


async def audit_days(pool: asyncpg.Pool, rules: Sequence[Rule]) -> Audited:
    """Say at once what can be said of the days that came in, and fold what people decided; commit.

    At once: by the rules that look at a school's day, read its facts only and give way to no other. The rows stay for
    audit_once, which looks at them by every rule; what was said here it says again, and that changes nothing.
    """
    started = perf_counter()
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await _take_turn(connection, RULE_SECONDS)
        claimed = await claims.claim_days(connection)
        if not claimed:
            return Audited(0, 0)
        terms = await terms_of(connection)
        decided = [row for row in claimed if row["resource"] == dispositions.RESOURCE]
        changes = await _told(connection, dispositions.fold_dispositions, decided) if decided else 0
        dirt = await dirt_of(connection, [row for row in claimed if row["resource"] != dispositions.RESOURCE], terms)
        await spare_archived(connection, dirt)
        await _measure(connection, dirt)
        changes += await find_and_fold(connection, rules, dirt, terms, frozenset(), at_once(rules))
        await connection.execute(
            "delete from ledger.outbox where outbox_id = any($1)", [row["outbox_id"] for row in decided]
        )
        await connection.execute(
            "update ledger.outbox set days_audited = true where outbox_id = any($1)",
            [row["outbox_id"] for row in claimed],
        )
    await _tell(pool, "days_audited", claimed, changes, perf_counter() - started)
    return Audited(len(claimed), changes)


async def _measure(connection: asyncpg.Connection, dirt: Dirt) -> None:
    """Let the planner know of the days, where they are so many that statements get a plan of their own."""
    days = dirt.days.get("sessions", set()) | dirt.days.get("attendance", set())
    if len(days) > DAYS_OF_ONE_PLAN:
        await measure_days(connection, max(day for _school_id, day in days))


async def roll_up_service(pool: asyncpg.Pool) -> int:
    """Roll up what was held and who came on the days that have come in; returns the number of outbox rows, which stay.

    It takes turns with others of its kind and not with audits, which may take minutes: else each reader of the district would
    add these days up from the facts until the audit has looked. What comes in meanwhile is the next call's.
    """
    rolled_up, rows = 0, claims.ROLL_UP_ROWS
    while rows == claims.ROLL_UP_ROWS:
        rows = await _roll_up_service(pool)
        rolled_up += rows
    return rolled_up


async def _roll_up_service(pool: asyncpg.Pool) -> int:
    """Some outbox rows, in one commit."""
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", SERVICE_LOCK)
        claimed = await claims.claim_service(connection)
        if claimed:
            terms = await terms_of(connection)
            dirt = await dirt_of(connection, claimed, terms)
            await spare_archived(connection, dirt)
            scopes = widen(set().union(*dirt.days.values()), "school_day", terms)
            await rollup_service.rebuild_service([connection], scopes)
            await connection.execute(
                "update ledger.outbox set service_rolled_up = true where outbox_id = any($1)",
                [row["outbox_id"] for row in claimed],
            )
    return len(claimed)


async def _tell(
    pool: asyncpg.Pool, event: str, claimed: Sequence[asyncpg.Record], changes: int, seconds: float
) -> None:
    """Say what one claim did, and by the ids of some of their requests to whose batches; for Prometheus how long it took."""
    metrics.AUDIT_SECONDS.labels(event).observe(seconds)
    ended_ns = time_ns()
    batches = sorted({row["batch_id"] for row in claimed})
    requests = await pool.fetch(
        "select distinct request_id, traceparent from ledger.batch left join ledger.batch_trace using (batch_id) "
        "where batch_id = any($1) order by request_id",
        batches[:REQUESTS_NAMED],
    )
    note_span(
        event,
        [row["traceparent"] for row in requests if row["traceparent"] is not None],
        began_ns=ended_ns - int(seconds * 1e9),
        ended_ns=ended_ns,
        attributes={"taizhang.rows": len(claimed), "taizhang.changes": changes},
    )
    log.info(
        event,
        rows=len(claimed),
        changes=changes,
        batches=len(batches),
        request_ids=[row["request_id"] for row in requests],
        took_ms=round(seconds * 1000),
    )


def at_once(rules: Sequence[Rule]) -> list[Rule]:
    """The rules that need neither rollups nor other rules: what they say of a day follows from its facts."""
    return [
        rule
        for rule in rules
        if rule.header.grain == "school_day" and not rule.header.yields_to and "audit." not in rule.statement.text
    ]


async def escalate(pool: asyncpg.Pool, waited: timedelta) -> int:
    """Say once of each finding that has waited so long for an explanation or a decision that it is overdue."""
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await _take_turn(connection, RULE_SECONDS)
        return await _told(connection, dispositions.escalate, waited)


async def audit_all(
    pool: asyncpg.Pool,
    rules: Sequence[Rule],
    *,
    school_id: str | None = None,
    term_id: str | None = None,
    only: str | None = None,
) -> int:
    """Audit every recorded day afresh (of one school, of one term, by one rule); returns how many findings changed.

    A function of the facts: over the same facts it changes nothing after the incremental audit. With one rule go those
    that give way to it, for what it says decides what they say. Raises ValueError for a school, term or rule that is none.
    """
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        async with connection.transaction(), writers_beside(pool) as writers:
            await _take_turn(connection, FULL_AUDIT_SECONDS)
            await connection.execute("select pg_advisory_xact_lock($1)", SERVICE_LOCK)
            await measure_grown(connection)
            terms = [term for term in await terms_of(connection) if term_id in {None, term.term_id}]
            schools = await _schools(connection, school_id)
            selected = rules if only is None else with_those_that_yield(rules, only)
            for named, there in ((term_id, terms), (school_id, schools), (only, selected)):
                if named is not None and not there:
                    raise ValueError(f"there is no {named}")
            await rollup_service.recount_pupils(connection, schools)
            dirt = _every_day(schools, terms, rules)
            people = await _roll_up(connection, dirt, terms)
            await rollup_service.rebuild_service([connection, *writers], _recorded(dirt, terms))
        # The rollups are committed: other connections read them now, and rules are asked side by side.
        async with connection.transaction():
            await _take_turn(connection, FULL_AUDIT_SECONDS)
            async with readers_beside(pool, connection) as readers:
                return await find_and_fold(connection, rules, dirt, terms, people, selected, readers)


async def _schools(connection: asyncpg.Connection, school_id: str | None) -> list[str]:
    """The school, or all of them and the district: the offices' duties are nobody's school's."""
    rows = await connection.fetch(
        """
        select school_id from ledger.school where $1::text is null or school_id = $1
        union all
        select 'district' where $1::text is null
        """,
        school_id,
    )
    return [row["school_id"] for row in rows]


def _every_day(schools: Sequence[str], terms: Sequence[TermDates], rules: Sequence[Rule]) -> Dirt:
    """Every day of the terms of these schools, of whatever the rules read."""
    dirt = Dirt()
    days = {
        (school_id, day)
        for school_id in schools
        for term in terms
        for day in (term.starts_on + timedelta(days=n) for n in range((term.ends_on - term.starts_on).days + 1))
    }
    for resource in {resource for rule in rules for resource in rule.header.reads}:
        dirt.days[resource] = days
    return dirt


async def _take_turn(connection: asyncpg.Connection, seconds: float) -> None:
    """Wait until no other audit is at work, until the transaction ends; no statement then takes longer than so many seconds."""
    await connection.execute("select pg_advisory_xact_lock($1)", TURN_LOCK)
    await connection.execute("select set_config('statement_timeout', $1, true)", f"{round(seconds * 1000)}ms")


async def terms_of(connection: asyncpg.Connection) -> list[TermDates]:
    """The terms, the earliest first."""
    rows = await connection.fetch("select term_id, starts_on, ends_on from ledger.term order by starts_on")
    return [TermDates(row["term_id"], row["starts_on"], row["ends_on"]) for row in rows]


def _recorded(dirt: Dirt, terms: Sequence[TermDates]) -> list[Scope]:
    """The dirty days of which something is recorded."""
    daily = {*rollup_service.DAILY, "days"}
    return widen(set().union(*(days for resource, days in dirt.days.items() if resource in daily)), "school_day", terms)


async def _roll_up(connection: asyncpg.Connection, dirt: Dirt, terms: Sequence[TermDates]) -> frozenset[str]:
    """Recompute the rollups of what is dirty; returns the people whose work that concerns. What the rollups say may be dirt too."""
    await spare_archived(connection, dirt)
    worked = dirt.days.get("sessions", set()) | dirt.days.get("duties", set())
    # What was audited is noted before the rules read: a fact that comes later has its own outbox row.
    every_day = set().union(*dirt.days.values()) if dirt.days else set()
    await rollup.note_audited(connection, every_day)
    people = dirt.people | await rollup.rebuild(connection, widen(worked, "school_day", terms))
    dirt.days[PROGRESS] |= await rollup.progressed(connection, worked)
    if scopes := _recorded(dirt, terms):
        await rollup.rebuild_days(connection, scopes)
        await rollup.rebuild_figures(connection, scopes)
        # The district goes on, and who does not is looked at though nothing of theirs has changed.
        dirt.days[FRONTIER] |= await rollup.lagging(connection)
    return frozenset(people)


async def find_and_fold(
    connection: asyncpg.Connection,
    rules: Sequence[Rule],
    dirt: Dirt,
    terms: Sequence[TermDates],
    people: frozenset[str],
    selected: Sequence[Rule],
    readers: Sequence[asyncpg.Connection] = (),
) -> int:
    """Run the selected rules over what is dirty and fold what they find; returns the number of changes.

    The others only say what the selected give way to. `readers`: connections that see the same, over which rules are asked too.
    """
    audit = Run(connection, terms, people, Kept(connection, rules))
    audit = replace(audit, beside=[replace(audit, connection=reader, planned=[]) for reader in readers])
    found = await found_at_once(audit, rules, dirt, selected)
    yielded = yielding(selected, found, await said_beside(audit, rules, selected, found))
    touched: set[str] = set()
    for rule in selected:
        for scope, rows in found[rule.code] if rule.header.yields_to else ():
            held_back = [row for row in rows if row.finding_id(rule.code) in yielded]
            touched |= await hold_back(connection, rule, scope, audit.people, held_back, yielded)
    changes: list[tuple[Rule, Folded]] = []
    known = await known_of(
        connection, [(rule, scope) for rule in selected for scope, _rows in found[rule.code]], audit.people
    )
    for rule in selected:
        # A person's day is in the scope of each school that they worked at: what is found of it is folded once.
        folded_before: set[str] = set()
        for scope, rows in found[rule.code]:
            kept = [row for row in rows if row.finding_id(rule.code) not in folded_before | yielded.keys()]
            here = {each: was for each, was in known[rule.code, scope].items() if each not in folded_before}
            folded = fold(here, kept, rule=rule.code, rule_version=rule.header.version)
            changes += [(rule, change) for change in folded]
            folded_before |= here.keys() | {row.finding_id(rule.code) for row in kept}
    if changes:
        position = await _position(connection)
        await write_changes(connection, changes, position, dirt.batches)
        await _notify(connection, position + len(changes))
    await relate(connection, touched)
    return len(changes)


async def _position(connection: asyncpg.Connection) -> int:
    """The last event's position; asked under the turn lock, so that nobody else takes the next."""
    position: int = await connection.fetchval("select coalesce(max(position), 0) from audit.finding_event")
    return position


async def _notify(connection: asyncpg.Connection, position: int) -> None:
    await connection.execute("select pg_notify($1, $2)", CHANNEL, str(position))


async def _told(
    connection: asyncpg.Connection,
    tell: Callable[[asyncpg.Connection, int, Told, datetime], Awaitable[int]],
    about: Told,
) -> int:
    """Let `tell` write its events behind the last one and wake the readers; returns how many it wrote."""
    position = await _position(connection)
    written = await tell(connection, position, about, datetime.now(UTC))
    if written:
        await _notify(connection, position + written)
    return written


async def retry_parked(pool: asyncpg.Pool, rules: Sequence[Rule]) -> int:
    """Audit again the parked scopes whose time has come; returns how many were taken up."""
    by_code = {rule.code: rule for rule in rules}
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await _take_turn(connection, RULE_SECONDS)
        due = await connection.fetch("select rule, scope from audit.parked_scope where next_attempt_at <= now()")
        terms = await terms_of(connection) if due else []
        for row in due:
            before = await connection.fetchval(
                "select attempts from audit.parked_scope where rule = $1 and scope = $2::text::jsonb",
                row["rule"],
                row["scope"],
            )
            scope = msgspec.json.decode(row["scope"], type=Scope)
            rule = by_code.get(row["rule"])
            if rule is not None:
                dirt = Dirt(people=await rollup.people_in(connection, scope))
                dirt.days[rule.header.reads[0]] = days_of(scope)
                people = await _roll_up(connection, dirt, terms)
                selected = with_those_that_yield(rules, rule.code)
                await find_and_fold(connection, rules, dirt, terms, people, selected)
            await connection.execute(
                "delete from audit.parked_scope where rule = $1 and scope = $2::text::jsonb and attempts = $3",
                row["rule"],
                row["scope"],
                before,
            )
    return len(due)
