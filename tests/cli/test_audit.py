"""What an operator asks of the audit: what another threshold would have flagged, what does not apply, what is parked."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import psycopg
import pytest

from services.audit_worker.catalogue import RuleInvalid, read_catalogue
from services.cli.audit import backtest_lines, full_audit, not_applicable_to, parked_scopes
from services.cli.embedded import Stores
from shared.settings import Settings
from tests.world.district import open_district
from tests.world.standard import S1, S2, session, sheet

SEPTEMBER = (date(2025, 9, 1), date(2025, 9, 30))


@pytest.fixture
def audited(
    clone_standard: Callable[[], AbstractContextManager[str]], stores: Stores, signing_key: str
) -> Iterator[Settings]:
    """Two sessions whose headcounts are one and five more than their rolls, audited; one patrol at S1."""

    async def tell(url: str) -> None:
        async with open_district(url, stores.redis_url, signing_key) as district:
            voice = district.school(S1)
            await voice.post("sessions", session("h1", headcount=21), session("h2", headcount=25, staff={"T2": 1.25}))
            await voice.post("attendance", sheet("h1"), sheet("h2"))
            await voice.post("patrols", {"school_id": S1, "patrol_id": "w", "service_date": "2025-09-08"})
            await district.audit()

    with clone_standard() as url:
        asyncio.run(tell(url))
        yield Settings(_env_file=None, database_url=url, redis_url=stores.redis_url)


def test_a_backtest_prints_both_counts_and_then_each_finding(audited: Settings) -> None:
    summary, *findings = backtest_lines(audited, "A09", *SEPTEMBER, ["tolerance_pupils=2"])
    assert (summary["both"], summary["only_today"], summary["only_then"]) == (1, 1, 0)
    assert summary["by_period"] == {"2025-09": {"both": 1, "only_today": 1, "only_then": 0}}
    assert (summary["parameters_today"], summary["parameters_then"]) == (
        {"tolerance_pupils": 0}, {"tolerance_pupils": 2},
    )  # fmt: skip
    assert sorted((each["subject"], each["today"], each["then"]) for each in findings) == [
        ("h1", True, False), ("h2", True, True),
    ]  # fmt: skip


@pytest.mark.parametrize("changed", ["tolerance_pupils", "=2", "tolerance_pupils={"])
def test_a_value_that_cannot_be_read_is_named(audited: Settings, changed: str) -> None:
    with pytest.raises(RuleInvalid, match="--set"):
        list(backtest_lines(audited, "A09", *SEPTEMBER, [changed]))


def test_a_full_audit_by_one_rule_changes_nothing_over_the_same_facts(audited: Settings) -> None:
    assert full_audit(audited, school=S1, term=None, only="A09") == (["A09"], 0)
    with pytest.raises(ValueError, match="there is no Z99"):
        full_audit(audited, school=None, term=None, only="Z99")


def test_rules_that_do_not_apply_say_what_was_never_sent(audited: Settings) -> None:
    rules = read_catalogue()
    here, there = (not_applicable_to(audited, rules, school_id) for school_id in (S1, S2))
    ours = there.keys() - here.keys()
    assert ours == {rule.header.code for rule in rules if {"attendance", "patrols"} & set(rule.header.needs)}
    assert there["A23"] == ["patrols"]


def test_what_is_parked_is_listed_with_its_error(audited: Settings) -> None:
    assert parked_scopes(audited) == []
    with psycopg.connect(audited.database_url or "", autocommit=True) as connection:
        connection.execute(
            """
            insert into audit.parked_scope (rule, scope, error, attempts, next_attempt_at, parked_at)
            values ('A09', '{"school_ids": ["3101150001"]}', 'division by zero', 3, now(), now())
            """
        )
    (parked,) = parked_scopes(audited)
    assert (parked["rule"], parked["scope"], parked["error"], parked["attempts"]) == (
        "A09", {"school_ids": [S1]}, "division by zero", 3,
    )  # fmt: skip
