"""What the audit's commands ask: which rules are not applicable, what is parked, what a backtest says."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date
from typing import Any, TypeVar

import asyncpg
import yaml

from services.audit_worker.applicability import Kept
from services.audit_worker.backtest import Backtest, backtest
from services.audit_worker.catalogue import Rule, RuleInvalid, read_catalogue
from services.audit_worker.engine import audit_all
from services.audit_worker.parking import parked
from services.audit_worker.side_by_side import SIDE_BY_SIDE
from services.audit_worker.yielding import with_those_that_yield
from services.cli.progress import progress_bar
from services.cli.running import database_url_of
from shared.database import open_pool
from shared.settings import Settings

Answer = TypeVar("Answer")
Line = dict[str, Any]


def _ask(settings: Settings, question: Callable[[asyncpg.Pool], Awaitable[Answer]]) -> Answer:
    """Ask the database as the audit."""

    async def asked(database_url: str) -> Answer:
        pool = await open_pool(database_url, role="taizhang_audit", size=SIDE_BY_SIDE)
        try:
            return await question(pool)
        finally:
            await pool.close()

    with database_url_of(settings) as database_url:
        return asyncio.run(asked(database_url))


def not_applicable_to(settings: Settings, rules: Sequence[Rule], school_id: str) -> dict[str, list[str]]:
    """By code, what the school has never sent, of the rules that are not applicable to it."""

    async def question(pool: asyncpg.Pool) -> dict[str, list[str]]:
        async with pool.acquire() as connection:
            missing = await Kept(connection, rules).missing(rules, [school_id])
        return {code: resources for (_school_id, code), resources in missing.items()}

    return _ask(settings, question)


def full_audit(settings: Settings, *, school: str | None, term: str | None, only: str | None) -> tuple[list[str], int]:
    """Audit afresh; the codes of the rules that were run, and how many findings changed. Raises ValueError, RuleInvalid."""
    rules = read_catalogue(settings.rules_config)
    run = rules if only is None else with_those_that_yield(rules, only)
    changes = _ask(settings, lambda pool: audit_all(pool, rules, school_id=school, term_id=term, only=only))
    return [rule.code for rule in run], changes


def parked_scopes(settings: Settings) -> list[dict[str, object]]:
    """The scopes that are parked."""
    return _ask(settings, parked)


def backtest_lines(
    settings: Settings, code: str, first_day: date, last_day: date, changed: Sequence[str]
) -> Iterator[Line]:
    """A line that sums up and a line a finding; raises RuleInvalid."""
    rules = read_catalogue(settings.rules_config)
    values = _values(changed)

    with progress_bar("backtesting", 2) as advance:
        result = _ask(
            settings,
            lambda pool: backtest(
                pool, rules, code, first_day=first_day, last_day=last_day, changed=values, told=advance
            ),
        )
    yield _summary(result, first_day, last_day)
    for each in result.flagged:
        row = each.row
        yield {
            "finding_id": each.finding_id,
            "today": each.today,
            "then": each.then,
            "state": each.state,
            "school_id": row.school_id,
            "subject": row.subject,
            "when": row.service_date or row.period,
            "expected": row.expected,
            "found": row.found,
        }


def _values(changed: Sequence[str]) -> dict[str, object]:
    values = {}
    for each in changed:
        name, told, value = each.partition("=")
        if not told or not name:
            raise RuleInvalid(f"--set {each}: write parameter=value")
        try:
            values[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise RuleInvalid(f"--set {each}: the value cannot be read") from error
    return values


def _summary(result: Backtest, first_day: date, last_day: date) -> Line:
    months: dict[str, Counter[str]] = {}
    for each in result.flagged:
        when = each.row.service_date.isoformat()[:7] if each.row.service_date else str(each.row.period)
        months.setdefault(when, Counter())[_where(each.today, each.then)] += 1
    counts = Counter(_where(each.today, each.then) for each in result.flagged)
    names = ("both", "only_today", "only_then")
    return {
        "rule": result.today.code,
        "rule_version": result.today.header.version,
        "from": first_day,
        "to": last_day,
        "parameters_today": result.today.parameters,
        "parameters_then": result.then.parameters,
        **{name: counts[name] for name in names},
        "by_period": {when: {name: found[name] for name in names} for when, found in sorted(months.items())},
    }


def _where(today: bool, then: bool) -> str:
    return "both" if today and then else "only_today" if today else "only_then"
