"""The audit: claim outbox rows → widen to the rules' grains → run the rules → fold → findings and events.

One claim is one transaction: what it claims, what it finds and the events about it are committed together, so a worker
that dies anywhere leaves the outbox as it was and another starts over. Audits of one database take turns under one
advisory lock, held to the commit: no two of them can miss what only the other's rollup shows (one person in two
schools), and an event's position, assigned under it, is gap-free and in commit order.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from time import perf_counter

import asyncpg
import msgspec
import structlog

from services.audit_worker import rollup
from services.audit_worker.at_risk import PRICES, priced
from services.audit_worker.catalogue import Rule
from services.audit_worker.dirt import Dirt, dirt_of
from services.audit_worker.findings import known_in, write_changes
from services.audit_worker.fold import Row, fold
from services.audit_worker.scope import Scope, TermDates, widen
from shared.database import ACQUIRE_SECONDS

log = structlog.get_logger()

# Outbox rows of one claim: enough for a district's hour, few enough that a claim stays short.
CLAIM_ROWS = 500
# A rule that says the rest in Python holds the rows of so many schools at once: one's term of work is a megabyte.
SCHOOLS_AT_ONCE = 20
# The key of the advisory lock under which audits take turns.
TURN_LOCK = 0x7A1_2A46
CHANNEL = "taizhang_findings"
FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=6)


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
        await connection.execute("select pg_advisory_xact_lock($1)", TURN_LOCK)
        claimed = await connection.fetch(
            "select * from ledger.outbox order by outbox_id limit $1 for update skip locked", CLAIM_ROWS
        )
        if not claimed:
            return Audited(0, 0)
        terms = await _terms(connection)
        dirt = await dirt_of(connection, claimed, terms)
        changes = await _audit(connection, rules, dirt, terms)
        await connection.execute(
            "delete from ledger.outbox where outbox_id = any($1)", [row["outbox_id"] for row in claimed]
        )
    took_ms = round((perf_counter() - started) * 1000)
    log.info("outbox_audited", rows=len(claimed), changes=changes, batches=len(dirt.batches), took_ms=took_ms)
    return Audited(len(claimed), changes)


async def audit_all(
    pool: asyncpg.Pool, rules: Sequence[Rule], *, school_id: str | None = None, term_id: str | None = None
) -> int:
    """Audit every recorded day afresh (of one school, of one term); returns how many findings changed.

    A function of the facts: over the same facts it changes nothing after the incremental audit.
    """
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", TURN_LOCK)
        terms = [term for term in await _terms(connection) if term_id in {None, term.term_id}]
        schools = await connection.fetch(
            "select school_id from ledger.school where $1::text is null or school_id = $1", school_id
        )
        dirt = Dirt()
        days = {
            (row["school_id"], day)
            for row in schools
            for term in terms
            for day in (term.starts_on + timedelta(days=n) for n in range((term.ends_on - term.starts_on).days + 1))
        }
        for resource in {resource for rule in rules for resource in rule.header.reads}:
            dirt.days[resource] = days
        return await _audit(connection, rules, dirt, terms)


async def _terms(connection: asyncpg.Connection) -> list[TermDates]:
    rows = await connection.fetch("select term_id, starts_on, ends_on from ledger.term order by starts_on")
    return [TermDates(row["term_id"], row["starts_on"], row["ends_on"]) for row in rows]


async def _audit(connection: asyncpg.Connection, rules: Sequence[Rule], dirt: Dirt, terms: Sequence[TermDates]) -> int:
    """Recompute the rollup, run the rules whose facts changed, fold, write; returns the number of changes."""
    worked = dirt.days.get("sessions", set()) | dirt.days.get("duties", set())
    # What was audited is noted before the rules read: a fact that comes later has its own outbox row.
    every_day = set().union(*dirt.days.values()) if dirt.days else set()
    await _note_audited(connection, every_day)
    people = dirt.people | await rollup.rebuild(connection, widen(worked, "school_day", terms))
    found: dict[str, list[tuple[Scope, list[Row]]]] = {}
    for rule in rules:
        dirty = set().union(*(dirt.days.get(resource, set()) for resource in {*rule.header.reads, PRICES}))
        found[rule.code] = await _run(connection, rule, dirty, people, terms)
    yielded = _yield(rules, found)
    changes = 0
    position = await connection.fetchval("select coalesce(max(position), 0) from audit.finding_event")
    for rule in rules:
        for scope, rows in found[rule.code]:
            kept = [row for row in rows if row.finding_id(rule.code) not in yielded]
            known = await known_in(connection, rule, scope, people)
            folded = fold(known, kept, rule=rule.code, rule_version=rule.header.version)
            await write_changes(connection, rule, folded, position + changes, dirt.batches, yielded)
            changes += len(folded)
    if changes:
        await connection.execute("select pg_notify($1, $2)", CHANNEL, str(position + changes))
    return changes


async def _run(
    connection: asyncpg.Connection,
    rule: Rule,
    dirty: Iterable[tuple[str, date]],
    people: Collection[str],
    terms: Sequence[TermDates],
) -> list[tuple[Scope, list[Row]]]:
    """The rule's rows in each of its scopes. A rule that raises parks its scope and stops nobody else."""
    found = []
    for wide in _pieces(rule, widen(dirty, rule.header.grain, terms)):
        if wide.last_day < rule.effective_from:
            continue
        scope = Scope(wide.school_ids, max(wide.first_day, rule.effective_from), wide.last_day)
        try:
            async with connection.transaction():
                rows = await _rows(connection, rule, scope, people)
                found.append((scope, await priced(connection, rows, terms)))
        except (asyncpg.PostgresError, FindRaised) as error:
            log.exception("rule_raised", rule=rule.code, schools=len(scope.school_ids))
            await _park(connection, rule, scope, str(error))
    return found


def _pieces(rule: Rule, scopes: Iterable[Scope]) -> Iterator[Scope]:
    """The scopes, those of a rule that ends in Python by a few schools each; a district's is always whole."""
    for scope in scopes:
        at_once = len(scope.school_ids) if rule.find is None or rule.header.grain == "district" else SCHOOLS_AT_ONCE
        for first in range(0, len(scope.school_ids), at_once):
            yield replace(scope, school_ids=scope.school_ids[first : first + at_once])


async def _rows(connection: asyncpg.Connection, rule: Rule, scope: Scope, people: Collection[str]) -> list[Row]:
    rows = await rule.statement.fetch(
        connection,
        school_ids=list(scope.school_ids),
        staff_ids=list(people),
        first_day=scope.first_day,
        last_day=scope.last_day,
        **rule.parameters,
    )
    if rule.find is not None:
        try:
            return list(rule.find(rows, rule.parameters))
        except Exception as error:
            raise FindRaised(f"{rule.code}: {error!r}") from error
    return [Row(**{**dict(row), "evidence": msgspec.json.decode(row["evidence"])}) for row in rows]


def _yield(rules: Sequence[Rule], found: Mapping[str, Sequence[tuple[Scope, Sequence[Row]]]]) -> dict[str, set[str]]:
    """One cause, one finding: ids that give way → ids of the findings that say it for them (same record, other rule)."""
    holders: dict[tuple[str, object], set[str]] = defaultdict(set)
    for code, scopes in found.items():
        for _scope, rows in scopes:
            for row in rows:
                for record in row.records:
                    holders[code, record].add(row.finding_id(code))
    yielded: dict[str, set[str]] = {}
    for rule in rules:
        for _scope, rows in found[rule.code]:
            for row in rows:
                said_by = set().union(
                    *(holders.get((other, record), set()) for other in rule.header.yields_to for record in row.records),
                )
                if said_by:
                    yielded[row.finding_id(rule.code)] = said_by
    return yielded


async def _note_audited(connection: asyncpg.Connection, days: Collection[tuple[str, date]]) -> None:
    await connection.execute(
        """
        insert into audit.audited_day (school_id, service_date, chain_seq, audited_at)
        select day.school_id, day.service_date, chain_head.seq, clock_timestamp()
        from unnest($1::text[], $2::date[]) as day (school_id, service_date)
        inner join ledger.chain_head using (school_id)
        on conflict (school_id, service_date) do update
        set chain_seq = excluded.chain_seq, audited_at = excluded.audited_at
        """,
        [school_id for school_id, _day in days],
        [day for _school_id, day in days],
    )


async def _park(connection: asyncpg.Connection, rule: Rule, scope: Scope, error: str) -> None:
    """Keep a scope whose rule raised, with its error, to be tried again later and later."""
    await connection.execute(
        """
        insert into audit.parked_scope (rule, scope, error, attempts, next_attempt_at, parked_at)
        values ($1, $2::text::jsonb, $3, 1, now() + $4, now())
        on conflict (rule, scope) do update set
            error = excluded.error,
            attempts = parked_scope.attempts + 1,
            next_attempt_at = now() + least($4 * power(2, parked_scope.attempts), $5)
        """,
        rule.code,
        msgspec.json.encode(scope).decode(),
        error,
        FIRST_RETRY,
        LAST_RETRY,
    )


async def retry_parked(pool: asyncpg.Pool, rules: Sequence[Rule]) -> int:
    """Audit again the parked scopes whose time has come; returns how many were taken up."""
    by_code = {rule.code: rule for rule in rules}
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", TURN_LOCK)
        due = await connection.fetch("select rule, scope from audit.parked_scope where next_attempt_at <= now()")
        terms = await _terms(connection) if due else []
        for row in due:
            before = await connection.fetchval(
                "select attempts from audit.parked_scope where rule = $1 and scope = $2::text::jsonb",
                row["rule"],
                row["scope"],
            )
            scope = msgspec.json.decode(row["scope"], type=Scope)
            dirt = Dirt()
            rule = by_code.get(row["rule"])
            if rule is not None:
                days = (scope.last_day - scope.first_day).days + 1
                dirt.days[rule.header.reads[0]] = {
                    (school_id, scope.first_day + timedelta(days=n))
                    for school_id in scope.school_ids
                    for n in range(days)
                }
                dirt.people = {
                    each["staff_id"]
                    for each in await connection.fetch(
                        "select distinct staff_id from audit.staff_day where school_id = any($1) and service_date between $2 and $3",
                        list(scope.school_ids),
                        scope.first_day,
                        scope.last_day,
                    )
                }
                await _audit(connection, [rule], dirt, terms)
            await connection.execute(
                "delete from audit.parked_scope where rule = $1 and scope = $2::text::jsonb and attempts = $3",
                row["rule"],
                row["scope"],
                before,
            )
    return len(due)
