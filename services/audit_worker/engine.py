"""The audit: claim outbox rows → widen to the rules' grains → run the rules → fold → findings and events.

One claim is one transaction: what it claims, what it finds and the events about it are committed together, so a worker
that dies anywhere leaves the outbox as it was and another starts over. Audits of one database take turns under one
advisory lock, held to the commit: no two of them can miss what only the other's rollup shows (one person in two
schools), and an event's position, assigned under it, is gap-free and in commit order.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import TypeVar

import asyncpg
import msgspec
import structlog

from services.audit_worker import dispositions, rollup, rollup_service
from services.audit_worker.applicability import applicable_in, dirty_newly_kept
from services.audit_worker.at_risk import PRICES, priced
from services.audit_worker.catalogue import Rule
from services.audit_worker.dirt import Dirt, dirt_of
from services.audit_worker.findings import hold_back, known_of, moved_days, relate, write_changes
from services.audit_worker.fold import Row, fold
from services.audit_worker.measuring import measure_grown
from services.audit_worker.parking import park
from services.audit_worker.scope import Scope, TermDates, days_of, widen
from services.audit_worker.yielding import Found, covers, read_by, with_those_that_yield, yielding
from shared.database import ACQUIRE_SECONDS
from shared.vocabulary import Grain

log = structlog.get_logger()

Told = TypeVar("Told")

# Outbox rows of one claim: enough for a district's hour, few enough that a claim stays short.
CLAIM_ROWS = 500
# A term of the district is worked through some schools at a time: so many where a rule says the rest in Python and holds
# their rows (one's term of work is a megabyte), and else so many school-days, which keeps what is joined and sorted small.
SCHOOLS_AT_ONCE = 20
SCHOOL_DAYS_AT_ONCE = 3000
# Up to so many schools a statement's one plan serves all, and one process: to make a plan or to start another process takes
# longer than the rest. Of more schools each statement gets a plan of its own, and without nested loops: the planner takes
# one where it expects a row or two of a rule's many steps, and then there are thousands.
SCHOOLS_OF_ONE_PLAN = 10
_PLANNING = """
    select
        set_config('plan_cache_mode', case when $1 then 'force_custom_plan' else 'force_generic_plan' end, true),
        set_config('max_parallel_workers_per_gather', case when $1 then '2' else '0' end, true),
        set_config('work_mem', case when $1 then '64MB' else '4MB' end, true),
        set_config('enable_nestloop', case when $1 then 'off' else 'on' end, true)
"""
# The key of the advisory lock under which audits take turns.
TURN_LOCK = 0x7A1_2A46
CHANNEL = "taizhang_findings"
# What a rule reads that speaks of days which the district has recorded and the school has not.
FRONTIER = "frontier"
# What a rule reads that asks how far the district has come: what an office owes by a day is due when service is past it.
PROGRESS = "progress"
_WIDEST_FIRST: tuple[Grain, ...] = (
    "year", "district", "school_term", "school_month", "school_week", "staff_day", "school_day",
)  # fmt: skip
# A rule that takes longer over what one claim dirtied, or over everything, is parked: it would stop everybody else.
RULE_SECONDS = 300
FULL_AUDIT_SECONDS = 3600


class FindRaised(Exception):
    """What a rule says in Python raised over its rows; the cause says what."""


@dataclass(frozen=True)
class Audited:
    """What one claim did."""

    outbox_rows: int
    changes: int


async def audit_once(pool: asyncpg.Pool, rules: Sequence[Rule]) -> Audited:
    """Claim what the outbox holds (at most CLAIM_ROWS rows), audit it, commit. Returns zero rows when it is empty."""
    started = perf_counter()
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await _take_turn(connection, RULE_SECONDS)
        claimed = await connection.fetch(
            "select * from ledger.outbox order by outbox_id limit $1 for update skip locked", CLAIM_ROWS
        )
        if not claimed:
            return Audited(0, 0)
        await measure_grown(connection)
        terms = await terms_of(connection)
        # What people decided comes first: they looked at the findings as they were before these facts.
        decided = [row for row in claimed if row["resource"] == dispositions.RESOURCE]
        changes = await _told(connection, dispositions.fold_dispositions, decided) if decided else 0
        dirt = await dirt_of(connection, [row for row in claimed if row["resource"] != dispositions.RESOURCE], terms)
        await dirty_newly_kept(connection, rules, claimed, dirt)
        changes += await _audit(connection, rules, dirt, terms)
        await rollup_service.recount_pupils(connection, claimed)
        done = [row["outbox_id"] for row in claimed]
        await connection.execute("delete from ledger.outbox where outbox_id = any($1)", done)
    took_ms = round((perf_counter() - started) * 1000)
    log.info("outbox_audited", rows=len(claimed), changes=changes, batches=len(dirt.batches), took_ms=took_ms)
    return Audited(len(claimed), changes)


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
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await _take_turn(connection, FULL_AUDIT_SECONDS)
        await measure_grown(connection)
        terms = [term for term in await terms_of(connection) if term_id in {None, term.term_id}]
        schools = await connection.fetch(
            """
            select school_id, 'students' as resource from ledger.school where $1::text is null or school_id = $1
            union all
            -- The offices' duties are nobody's school's.
            select 'district', '' where $1::text is null
            """,
            school_id,
        )
        selected = rules if only is None else with_those_that_yield(rules, only)
        for named, there in ((term_id, terms), (school_id, schools), (only, selected)):
            if named is not None and not there:
                raise ValueError(f"there is no {named}")
        await rollup_service.recount_pupils(connection, schools)
        dirt = Dirt()
        days = {
            (row["school_id"], day)
            for row in schools
            for term in terms
            for day in (term.starts_on + timedelta(days=n) for n in range((term.ends_on - term.starts_on).days + 1))
        }
        for resource in {resource for rule in rules for resource in rule.header.reads}:
            dirt.days[resource] = days
        return await _audit(connection, rules, dirt, terms, selected=selected)


async def _take_turn(connection: asyncpg.Connection, seconds: float) -> None:
    """Wait until no other audit is at work, until the transaction ends; no statement then takes longer than so many seconds."""
    await connection.execute("select pg_advisory_xact_lock($1)", TURN_LOCK)
    await connection.execute("select set_config('statement_timeout', $1, true)", f"{round(seconds * 1000)}ms")


async def terms_of(connection: asyncpg.Connection) -> list[TermDates]:
    """The terms, the earliest first."""
    rows = await connection.fetch("select term_id, starts_on, ends_on from ledger.term order by starts_on")
    return [TermDates(row["term_id"], row["starts_on"], row["ends_on"]) for row in rows]


async def _audit(
    connection: asyncpg.Connection,
    rules: Sequence[Rule],
    dirt: Dirt,
    terms: Sequence[TermDates],
    *,
    selected: Sequence[Rule] | None = None,
) -> int:
    """Recompute the rollup, run the rules whose facts changed, fold, write; returns the number of changes.

    `selected`: only these are folded; the others only say what those give way to.
    """
    worked = dirt.days.get("sessions", set()) | dirt.days.get("duties", set())
    # What was audited is noted before the rules read: a fact that comes later has its own outbox row.
    every_day = set().union(*dirt.days.values()) if dirt.days else set()
    await rollup.note_audited(connection, every_day)
    people = dirt.people | await rollup.rebuild(connection, widen(worked, "school_day", terms))
    dirt.days[PROGRESS] |= await rollup.progressed(connection, worked)
    recorded = worked | dirt.days.get("attendance", set()) | dirt.days.get("days", set())
    if recorded:
        for rebuild in (rollup.rebuild_days, rollup.rebuild_figures, rollup_service.rebuild_service):
            await rebuild(connection, widen(recorded, "school_day", terms))
        # The district goes on, and who does not is looked at though nothing of theirs has changed.
        dirt.days[FRONTIER] |= await rollup.lagging(connection)
    selected = rules if selected is None else selected
    audit = _Run(connection, terms, frozenset(people))
    found = await _found_at_once(audit, rules, dirt, selected)
    yielded = yielding(selected, found, await _said_beside(audit, rules, selected, found))
    touched: set[str] = set()
    for rule in selected:
        for scope, rows in found[rule.code] if rule.header.yields_to else ():
            held_back = [row for row in rows if row.finding_id(rule.code) in yielded]
            touched |= await hold_back(connection, rule, scope, audit.people, held_back, yielded)
    changes, position = 0, await _position(connection)
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
            await write_changes(connection, rule, folded, position + changes, dirt.batches)
            changes += len(folded)
            folded_before |= here.keys() | {row.finding_id(rule.code) for row in kept}
    await relate(connection, touched)
    if changes:
        await _notify(connection, position + changes)
    return changes


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


@dataclass(frozen=True)
class _Run:
    """What every rule of one audit is run with."""

    connection: asyncpg.Connection
    terms: Sequence[TermDates]
    people: frozenset[str]
    # Whether each rule has a savepoint, so that one that raises stops no other.
    guarded: bool = True
    planned: list[bool] = field(default_factory=list)  # whether for many schools, what is planned now


async def _found_at_once(audit: _Run, rules: Sequence[Rule], dirt: Dirt, selected: Sequence[Rule]) -> Found:
    """What the rules find, under one savepoint for all of them: they only read. If one raises, again with one for each."""
    try:
        async with audit.connection.transaction():
            return await _found(replace(audit, guarded=False, planned=[]), rules, dirt, selected)
    except (asyncpg.PostgresError, FindRaised) as error:
        log.warning("rule_raised_among_others", error=repr(error))
    return await _found(audit, rules, dirt, selected)


async def _found(audit: _Run, rules: Sequence[Rule], dirt: Dirt, selected: Sequence[Rule]) -> Found:
    """The rows of the selected rules wherever something changed that decides what they say."""
    found: Found = {}
    moved: dict[str, set[tuple[str, date]]] = defaultdict(set)
    # The widest grain first: what is said of a district or a month decides what is still said of its days.
    for rule in sorted(selected, key=lambda rule: _WIDEST_FIRST.index(rule.header.grain)):
        reads = {*read_by(rules, rule), PRICES}
        found[rule.code] = await _run(audit, rule, moved[rule.code].union(*(dirt.days.get(each, ()) for each in reads)))
        narrower = [
            other.code
            for other in selected
            if rule.code in other.header.yields_to and other.header.grain != rule.header.grain
        ]
        if narrower:
            days = await moved_days(audit.connection, rule, found[rule.code], audit.people)
            for code in narrower:
                moved[code] |= days
    return found


async def _run(audit: _Run, rule: Rule, dirty: Iterable[tuple[str, date]]) -> list[tuple[Scope, list[Row]]]:
    """The rule's rows in each of its scopes. A rule that raises parks its scope and stops nobody else."""
    found = []
    for wide in pieces(rule, widen(dirty, rule.header.grain, audit.terms)):
        if wide.last_day < rule.effective_from:
            continue
        # What is said by comparing schools is said of any of them, whichever gave the occasion.
        schools = await rollup.district(audit.connection) if rule.header.grain == "district" else wide.school_ids
        scope = Scope(schools, max(wide.first_day, rule.effective_from), wide.last_day)
        if not audit.guarded:
            found.append((scope, await _rows_in(audit, rule, scope)))
            continue
        try:
            async with audit.connection.transaction():
                found.append((scope, await _rows_in(audit, rule, scope)))
        except (asyncpg.PostgresError, FindRaised) as error:
            log.exception("rule_raised", rule=rule.code, schools=len(scope.school_ids))
            await park(audit.connection, rule, scope, str(error))
    return found


async def _rows_in(audit: _Run, rule: Rule, scope: Scope) -> list[Row]:
    """The rule's rows in one of its scopes."""
    applicable = await applicable_in(audit.connection, rule, scope)
    if not applicable.school_ids:
        return []
    many = len(scope.school_ids) > SCHOOLS_OF_ONE_PLAN
    if audit.planned[-1:] != [many]:
        await audit.connection.execute(_PLANNING, many)
        audit.planned.append(many)
    return await rows_of(audit.connection, rule, applicable, audit.people, audit.terms)


def pieces(rule: Rule, scopes: Iterable[Scope]) -> Iterator[Scope]:
    """The scopes by a few schools each where they are of many days; one of the district or of people is always whole."""
    for scope in scopes:
        at_once = SCHOOLS_AT_ONCE
        if rule.header.grain in {"district", "staff_day"}:
            at_once = len(scope.school_ids)
        elif rule.find is None:
            days = (scope.last_day - scope.first_day).days + 1
            at_once = max(SCHOOLS_AT_ONCE, SCHOOL_DAYS_AT_ONCE // days)
        for first in range(0, len(scope.school_ids), at_once):
            yield replace(scope, school_ids=scope.school_ids[first : first + at_once])


async def rows_of(
    connection: asyncpg.Connection, rule: Rule, scope: Scope, people: Collection[str], terms: Sequence[TermDates]
) -> list[Row]:
    """What the rule finds wrong in the scope, with its price, of these people where its grain follows people; it only reads."""
    if not scope.school_ids:
        return []
    rows = await rule.statement.fetch(
        connection,
        school_ids=list(scope.school_ids),
        staff_ids=list(people),
        first_day=scope.first_day,
        last_day=scope.last_day,
        **rule.parameters,
    )
    if rule.find is None:
        found = [Row(**{**dict(row), "evidence": msgspec.json.decode(row["evidence"])}) for row in rows]
    else:
        try:
            found = list(rule.find(rows, rule.parameters))
        except Exception as error:
            raise FindRaised(f"{rule.code}: {error!r}") from error
    return await priced(connection, found, terms)


async def _said_beside(audit: _Run, rules: Sequence[Rule], selected: Sequence[Rule], found: Found) -> Found:
    """What the rules that others give way to say where they were not run themselves: nothing of theirs changed there."""
    by_code = {rule.code: rule for rule in rules}
    beside: Found = defaultdict(list)
    for rule in selected:
        for scope, rows in found[rule.code]:
            if not rows:
                continue
            for other in (by_code[code] for code in rule.header.yields_to):
                people = await rollup.people_in(audit.connection, scope) if other.header.grain == "staff_day" else set()
                if people <= audit.people and covers(found.get(other.code, ()), scope, other):
                    continue
                there = _Run(audit.connection, audit.terms, frozenset(people))
                beside[other.code] += await _run(there, other, days_of(scope))
    return beside


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
                await _audit(connection, rules, dirt, terms, selected=with_those_that_yield(rules, rule.code))
            await connection.execute(
                "delete from audit.parked_scope where rule = $1 and scope = $2::text::jsonb and attempts = $3",
                row["rule"],
                row["scope"],
                before,
            )
    return len(due)
