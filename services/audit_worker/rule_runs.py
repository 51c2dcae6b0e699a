"""Rules over what is dirty: which scopes, in pieces of which size, planned how, and what they find there. They only read."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from time import perf_counter

import asyncpg
import msgspec
import structlog

from services.audit_worker import rollup
from services.audit_worker.applicability import Kept
from services.audit_worker.at_risk import PRICES, priced
from services.audit_worker.catalogue import Rule
from services.audit_worker.dirt import Dirt
from services.audit_worker.findings import moved_days
from services.audit_worker.fold import Row
from services.audit_worker.parking import park
from services.audit_worker.scope import Scope, TermDates, days_of, places_in, widen
from services.audit_worker.side_by_side import side_by_side
from services.audit_worker.together import ASKED, parameter_of, together
from services.audit_worker.yielding import Found, covers, read_by
from shared import metrics
from shared.vocabulary import Grain

log = structlog.get_logger()

# A term of the district is worked through some schools at a time: so many where a rule says the rest in Python and holds
# their rows (one's term of work is a megabyte), and else so many school-days, which keeps what is joined and sorted small.
SCHOOLS_AT_ONCE = 20
SCHOOL_DAYS_AT_ONCE = 3000
# Up to so many schools' days (weeks, months, terms: whatever the rule looks at) a statement's one plan serves all, and one
# process: to make a plan or to start another process takes longer than the rest. Of more each statement gets a plan of its
# own that joins by hashes: the planner takes a nested loop, or merges by a key that all have, where it expects a row or two
# of a rule's many steps, and then there are thousands.
PLACES_OF_ONE_PLAN = 10
# Of days so many: a plan of its own rests on what the planner has seen of days, and of one that has just come it expects a
# single row. Eight schools' last three days it joined with all staff of the district for each session anew: two minutes.
DAYS_OF_ONE_PLAN = 100
_PLANNING = """
    select
        set_config('plan_cache_mode', case when $1 then 'force_custom_plan' else 'force_generic_plan' end, true),
        set_config('max_parallel_workers_per_gather', case when $1 then '2' else '0' end, true),
        set_config('work_mem', case when $1 then '64MB' else '4MB' end, true),
        set_config('enable_nestloop', case when $1 then 'off' else 'on' end, true),
        set_config('enable_mergejoin', case when $1 then 'off' else 'on' end, true)
"""
_WIDEST_FIRST: tuple[Grain, ...] = (
    "year", "district", "school_term", "school_month", "school_week", "staff_day", "school_day",
)  # fmt: skip


class FindRaised(Exception):
    """What a rule says in Python raised over its rows; the cause says what."""


@dataclass(frozen=True)
class Run:
    """What every rule of one audit is run with."""

    connection: asyncpg.Connection
    terms: Sequence[TermDates]
    people: frozenset[str]
    kept: Kept
    # How statements are planned now: for many schools or for few.
    planned: list[bool] = field(default_factory=list)
    # The same audit on other connections, for statements of many places: they run side by side.
    beside: Sequence["Run"] = ()


@dataclass(frozen=True)
class _Asked:
    """A rule to be asked in the schools of a scope to which it is applicable; `few`: the scope had few places.

    rows: where what it finds is put.
    """

    rule: Rule
    scope: Scope
    few: bool
    rows: list[Row]


# Rules, each with the school-days that are dirty for it → their rows.
_Dirty = Sequence[tuple[Rule, Collection[tuple[str, date]]]]
_Runs = Callable[[Run, _Dirty], Awaitable[Found]]


async def found_at_once(audit: Run, rules: Sequence[Rule], dirt: Dirt, selected: Sequence[Rule]) -> Found:
    """What the rules find, under one savepoint for all of them: they only read. If one raises, again with one for each."""
    try:
        async with audit.connection.transaction():
            return await _found(replace(audit, planned=[]), rules, dirt, selected, _run_together)
    except (asyncpg.PostgresError, FindRaised) as error:
        log.warning("rule_raised_among_others", error=repr(error))
    return await _found(replace(audit, planned=[], beside=()), rules, dirt, selected, run_each)


async def _found(audit: Run, rules: Sequence[Rule], dirt: Dirt, selected: Sequence[Rule], run: _Runs) -> Found:
    """The rows of the selected rules wherever something changed that decides what they say."""
    found: Found = {}
    moved: dict[str, set[tuple[str, date]]] = defaultdict(set)
    # The widest grain first: what is said of a district or a month decides what is still said of its days.
    for grain in _WIDEST_FIRST:
        of_grain = [rule for rule in selected if rule.header.grain == grain]
        dirty = [
            moved[rule.code].union(*(dirt.days.get(each, ()) for each in {*read_by(rules, rule), PRICES}))
            for rule in of_grain
        ]
        found |= await run(audit, list(zip(of_grain, dirty, strict=True)))
        for rule in of_grain:
            narrower = [
                other.code for other in selected if rule.code in other.header.yields_to and other.header.grain != grain
            ]
            if narrower:
                days = await moved_days(audit.connection, rule, found[rule.code], audit.people)
                for code in narrower:
                    moved[code] |= days
    return found


async def _run_together(audit: Run, dirty: _Dirty) -> Found:
    """The rules' rows in each of their scopes: of few places one statement for all, and one for their prices."""
    found: Found = {rule.code: [] for rule, _days in dirty}
    together: dict[Scope, list[tuple[Rule, list[Row]]]] = defaultdict(list)
    alone: list[_Asked] = []
    for rule, days in dirty:
        for scope in await _scopes(audit, rule, days):
            rows: list[Row] = []
            found[rule.code].append((scope, rows))
            applicable = await audit.kept.applicable_in(rule, scope)
            if not applicable.school_ids:
                continue
            if rule.find is None and _few(rule, scope):
                together[applicable].append((rule, rows))
            else:
                alone.append(_Asked(rule, applicable, _few(rule, scope), rows))
    await side_by_side([audit, *audit.beside], alone, _ask)
    every = [rule for rule, _days in dirty if rule.find is None]
    said: list[tuple[list[Row], Row]] = []
    for scope, asked in together.items():
        await _plan(audit, many=False)
        told = await rows_together(audit.connection, every, [rule for rule, _rows in asked], scope, audit.people)
        said += [(rows, row) for rule, rows in asked for row in told[rule.code]]
    for (rows, _row), row in zip(
        said, await priced(audit.connection, [row for _rows, row in said], audit.terms), strict=True
    ):
        rows.append(row)
    return found


async def run_each(audit: Run, dirty: _Dirty) -> Found:
    """The rules' rows in each of their scopes. A rule that raises parks its scope and stops nobody else."""
    found: Found = {rule.code: [] for rule, _days in dirty}
    for rule, days in dirty:
        for scope in await _scopes(audit, rule, days):
            applicable = await audit.kept.applicable_in(rule, scope)
            try:
                async with audit.connection.transaction():
                    asked = _Asked(rule, applicable, _few(rule, scope), [])
                    found[rule.code].append((scope, await _rows_in(audit, asked)))
            except (asyncpg.PostgresError, FindRaised) as error:
                log.exception("rule_raised", rule=rule.code, schools=len(scope.school_ids))
                await park(audit.connection, rule, scope, str(error))
    return found


async def _scopes(audit: Run, rule: Rule, dirty: Iterable[tuple[str, date]]) -> list[Scope]:
    """Where the rule is run for what is dirty."""
    scopes = []
    for wide in pieces(rule, widen(dirty, rule.header.grain, audit.terms)):
        if wide.last_day >= rule.effective_from:
            # What is said by comparing schools is said of any of them, whichever gave the occasion.
            schools = await rollup.district(audit.connection) if rule.header.grain == "district" else wide.school_ids
            scopes.append(Scope(schools, max(wide.first_day, rule.effective_from), wide.last_day))
    return scopes


async def _ask(audit: Run, asked: "_Asked") -> None:
    asked.rows.extend(await _rows_in(audit, asked))


async def _rows_in(audit: Run, asked: "_Asked") -> list[Row]:
    """The rule's rows in one of its scopes."""
    if not asked.scope.school_ids:
        return []
    await _plan(audit, many=not asked.few)
    with metrics.RULE_SECONDS.labels(asked.rule.code).time():
        return await rows_of(audit.connection, asked.rule, asked.scope, audit.people, audit.terms)


def _few(rule: Rule, scope: Scope) -> bool:
    of_days = rule.header.grain in {"school_day", "staff_day"}
    return places_in(scope, rule.header.grain) <= (DAYS_OF_ONE_PLAN if of_days else PLACES_OF_ONE_PLAN)


async def _plan(audit: Run, *, many: bool) -> None:
    """Let statements be planned for many schools or for few from here on."""
    if audit.planned[-1:] != [many]:
        await audit.connection.execute(_PLANNING, many)
        audit.planned.append(many)


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


async def rows_together(
    connection: asyncpg.Connection,
    every: Sequence[Rule],
    asked: Sequence[Rule],
    scope: Scope,
    people: Collection[str],
) -> dict[str, list[Row]]:
    """By code what each of the asked rules finds wrong in the scope, not priced: one statement for all of `every`."""
    joined = together(tuple(every))
    started = perf_counter()
    rows = await joined.fetch(
        connection,
        **{
            ASKED: [rule.code for rule in asked],
            "school_ids": list(scope.school_ids),
            "staff_ids": list(people),
            "first_day": scope.first_day,
            "last_day": scope.last_day,
        },
        **{parameter_of(rule.code, name): value for rule in every for name, value in rule.parameters.items()},
    )
    found: dict[str, list[Row]] = {rule.code: [] for rule in asked}
    for row in rows:
        said = dict(row)
        found[said.pop("rule")].append(Row(**{**said, "evidence": msgspec.json.decode(row["evidence"])}))
    # What each takes of one statement cannot be told: an equal share.
    for rule in asked:
        metrics.RULE_SECONDS.labels(rule.code).observe((perf_counter() - started) / len(asked))
    return found


async def said_beside(audit: Run, rules: Sequence[Rule], selected: Sequence[Rule], found: Found) -> Found:
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
                there = replace(audit, people=frozenset(people), planned=[])
                beside[other.code] += (await run_each(there, [(other, days_of(scope))]))[other.code]
    return beside
