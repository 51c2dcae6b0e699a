"""What a rule, or other values of its parameters, would have flagged over past months, beside what it flags today.

It writes nothing: it runs in a read-only transaction, over one snapshot of the facts and the rollups.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import asyncpg

from services.audit_worker import rollup
from services.audit_worker.applicability import Kept
from services.audit_worker.catalogue import Rule, RuleInvalid, with_parameters
from services.audit_worker.engine import terms_of
from services.audit_worker.fold import Row, merged
from services.audit_worker.rule_runs import pieces, rows_of
from services.audit_worker.scope import Scope, TermDates, days_of, widen
from services.audit_worker.yielding import Found, yielding
from shared.database import ACQUIRE_SECONDS


@dataclass(frozen=True)
class Flagged:
    """One finding of a backtest: whether today's parameters flag it, the others do, and its state where it is known."""

    finding_id: str
    row: Row
    today: bool
    then: bool
    state: str | None


@dataclass(frozen=True)
class Backtest:
    """A rule under the parameters in force and under others; every finding that either flags, in order of id."""

    today: Rule
    then: Rule
    flagged: Sequence[Flagged]


async def backtest(
    pool: asyncpg.Pool,
    rules: Sequence[Rule],
    code: str,
    *,
    first_day: date,
    last_day: date,
    changed: Mapping[str, object],
    told: Callable[[int], None] = lambda _done: None,
) -> Backtest:
    """Run the rule as it is and with `changed` over every school, from the first day to the last, both in it.

    A rule of weeks, months or terms is run over those that have a day in it, whole. Raises RuleInvalid when there is no
    such rule or parameter, asyncpg.PostgresError when the rule raises.
    """
    today = next((rule for rule in rules if rule.code == code), None)
    if today is None:
        raise RuleInvalid(f"there is no rule {code}; there is: {', '.join(rule.code for rule in rules)}")
    then = with_parameters(today, changed)
    async with (
        pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        terms = await terms_of(connection)
        days = await _school_days(connection, first_day, last_day)
        found = [await _found(connection, rules, rule, days, terms, told) for rule in (today, then)]
        known = await connection.fetch(
            "select finding_id, state from audit.finding where finding_id = any($1)", list(found[0] | found[1])
        )
    states = {row["finding_id"]: row["state"] for row in known}
    flagged = [
        Flagged(
            finding_id,
            (found[1] | found[0])[finding_id],
            finding_id in found[0],
            finding_id in found[1],
            states.get(finding_id),
        )
        for finding_id in sorted(found[0] | found[1])
    ]
    return Backtest(today, then, flagged)


async def _school_days(connection: asyncpg.Connection, first_day: date, last_day: date) -> set[tuple[str, date]]:
    # The offices' duties are nobody's school's.
    schools = await connection.fetch("select school_id from ledger.school union all select 'district'")
    days = [first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1)]
    return {(school["school_id"], day) for school in schools for day in days}


async def _found(
    connection: asyncpg.Connection,
    rules: Sequence[Rule],
    rule: Rule,
    days: set[tuple[str, date]],
    terms: Sequence[TermDates],
    told: Callable[[int], None],
) -> dict[str, Row]:
    """What the rule finds and no other says for it, by finding."""
    found: Found = {rule.code: await _run(connection, rule, days, terms)}
    told(1)
    beside: Found = {}
    for other in (each for each in rules if each.code in rule.header.yields_to):
        where = set().union(*(days_of(scope) for scope, rows in found[rule.code] if rows))
        beside[other.code] = await _run(connection, other, where, terms)
    yielded = yielding([rule], found, beside)
    rows = [row for _scope, each in found[rule.code] for row in each if row.finding_id(rule.code) not in yielded]
    return merged(rows, rule.code)


async def _run(
    connection: asyncpg.Connection, rule: Rule, days: set[tuple[str, date]], terms: Sequence[TermDates]
) -> list[tuple[Scope, list[Row]]]:
    found = []
    for wide in pieces(rule, widen(days, rule.header.grain, terms)):
        if wide.last_day < rule.effective_from:
            continue
        whole = Scope(wide.school_ids, max(wide.first_day, rule.effective_from), wide.last_day)
        scope = await Kept(connection, [rule]).applicable_in(rule, whole)
        people = await rollup.people_in(connection, scope) if rule.header.grain == "staff_day" else set()
        found.append((scope, await rows_of(connection, rule, scope, people, terms)))
    return found
