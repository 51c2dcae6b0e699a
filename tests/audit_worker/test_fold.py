"""What a rule finds now is folded into what it had found: opened, updated, cleared, reopened, or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.audit_worker.fold import Folded, Known, Row, fold, merged

RULE = "A14"
MONDAY = date(2025, 9, 8)
Findings = Mapping[str, Known]

# What holds does not depend on how quick a busy machine is.
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def row_of(**given: Any) -> Row:
    """A teacher in two rooms on a Monday, unless said otherwise."""
    return Row(
        **{
            "school_id": "3101150001",
            "subject_kind": "staff",
            "subject": "T1",
            "service_date": MONDAY,
            "period": None,
            "expected": "one place at a time",
            "found": "h1 and h2 overlap",
            "hours_at_risk_hundredths": 100,
            "amount_at_risk_fen": None,
            "evidence": {"records": [["h1", 1], ["h2", 1]]},
            **given,
        }
    )


rows_of_a_rule = st.lists(
    st.builds(
        row_of,
        subject=st.sampled_from(["T1", "T2", "T3"]),
        service_date=st.sampled_from([MONDAY, date(2025, 9, 9), None]),
        expected=st.sampled_from(["one place at a time", "another reading"]),
        found=st.sampled_from(["h1 and h2 overlap", "h2 and h3 overlap"]),
        hours_at_risk_hundredths=st.none() | st.integers(0, 500),
        amount_at_risk_fen=st.none() | st.integers(0, 500),
        evidence=st.sampled_from([{}, {"records": [["h1", 1]]}, {"records": [["h2", 1], ["h1", 1]]}, {"pairs": 2}]),
    ),
    max_size=8,
)


def folded(known: Findings, rows: Iterable[Row], version: int = 1) -> list[Folded]:
    """The changes of one run of the rule."""
    return fold(known, rows, rule=RULE, rule_version=version)


def apply(known: Findings, changes: Iterable[Folded], version: int = 1) -> dict[str, Known]:
    """The findings after the changes of a run."""
    after = dict(known)
    for change in changes:
        if change.row is None:
            after[change.finding_id] = replace(after[change.finding_id], state="cleared")
        else:
            # Nobody has decided anything about what it says now.
            after[change.finding_id] = Known("open", change.row.fingerprint(version))
    return after


def after_runs(*runs: Iterable[Row]) -> dict[str, Known]:
    """The findings after the rule ran over one state of the facts after the other."""
    known: dict[str, Known] = {}
    for rows in runs:
        known = apply(known, folded(known, rows))
    return known


def changes_of(changes: Iterable[Folded]) -> list[str]:
    """What happened, without to what."""
    return [change.change for change in changes]


@quick
@given(rows_of_a_rule, rows_of_a_rule)
def test_running_a_rule_twice_over_the_same_facts_changes_nothing(earlier: list[Row], now: list[Row]) -> None:
    assert folded(after_runs(earlier, now), now) == []


@quick
@given(rows_of_a_rule, st.data())
def test_the_order_in_which_a_rule_returns_its_rows_does_not_matter(rows: list[Row], data: st.DataObject) -> None:
    assert folded(after_runs(rows), data.draw(st.permutations(rows))) == []


@quick
@given(rows_of_a_rule, rows_of_a_rule)
def test_after_a_run_just_what_the_rule_finds_stands(earlier: list[Row], now: list[Row]) -> None:
    known = after_runs(earlier, now)
    standing = {finding_id: each.fingerprint for finding_id, each in known.items() if each.state != "cleared"}
    assert standing == {finding_id: row.fingerprint(1) for finding_id, row in merged(now, RULE).items()}


@quick
@given(rows_of_a_rule)
def test_what_is_found_then_gone_then_back_is_opened_cleared_and_reopened(rows: list[Row]) -> None:
    found = set(merged(rows, RULE))
    opened = folded({}, rows)
    cleared = folded(after_runs(rows), [])
    reopened = folded(after_runs(rows, []), rows)
    for changes, change in ((opened, "opened"), (cleared, "cleared"), (reopened, "reopened")):
        assert {each.finding_id for each in changes} == found
        assert set(changes_of(changes)) <= {change}


@quick
@given(rows_of_a_rule)
def test_what_is_cleared_is_not_cleared_again(rows: list[Row]) -> None:
    assert folded(after_runs(rows, []), []) == []


@quick
@given(rows_of_a_rule, rows_of_a_rule)
def test_changes_come_in_the_order_of_their_findings_each_once(earlier: list[Row], now: list[Row]) -> None:
    ids = [change.finding_id for change in folded(after_runs(earlier), now)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("state", ["open", "acknowledged", "explained", "confirmed", "dismissed"])
def test_what_people_worked_on_stays_as_they_left_it_while_it_says_the_same(state: str) -> None:
    row = row_of()
    known = {row.finding_id(RULE): Known(state, row.fingerprint(1))}
    assert folded(known, [row]) == []
    assert changes_of(folded(known, [replace(row, found="h1 and h3 overlap")])) == ["updated"]
    assert changes_of(folded(known, [])) == ["cleared"]


@pytest.mark.parametrize(
    "other",
    [
        {"expected": "two places at most"},
        {"found": "h1 and h3 overlap"},
        {"hours_at_risk_hundredths": 101},
        {"hours_at_risk_hundredths": None},
        {"amount_at_risk_fen": 0},
        {"evidence": {"records": [["h1", 2], ["h2", 1]]}},
    ],
)
def test_a_finding_that_says_something_else_is_updated(other: dict[str, Any]) -> None:
    changes = folded(after_runs([row_of()]), [row_of(**other)])
    assert [(change.change, change.row) for change in changes] == [("updated", row_of(**other))]


def test_what_people_decide_about_is_what_it_says_whatever_version_says_it() -> None:
    row = row_of()
    assert row.says == row_of().says
    assert row.says not in {row.fingerprint(1), replace(row, found="h1 and h3 overlap").says}


def test_a_new_version_of_a_rule_updates_what_it_still_finds() -> None:
    assert changes_of(folded(after_runs([row_of()]), [row_of()], version=2)) == ["updated"]


def test_the_order_of_keys_in_the_evidence_is_no_update() -> None:
    known = after_runs([row_of(evidence={"records": [], "minutes": 5})])
    assert folded(known, [row_of(evidence={"minutes": 5, "records": []})]) == []


@pytest.mark.parametrize(
    "other",
    [
        {"school_id": "3101150002"},
        {"subject_kind": "student"},
        {"subject": "T2"},
        {"service_date": date(2025, 9, 9)},
        {"service_date": None},
        {"period": "2025-09"},
    ],
)
def test_another_school_subject_or_time_is_another_finding(other: dict[str, Any]) -> None:
    assert row_of(**other).finding_id(RULE) != row_of().finding_id(RULE)
    assert sorted(changes_of(folded(after_runs([row_of()]), [row_of(**other)]))) == ["cleared", "opened"]


def test_two_rules_never_share_a_finding() -> None:
    assert row_of().finding_id("A14") != row_of().finding_id("A15")


def test_several_rows_of_one_subject_are_one_finding_that_says_them_all() -> None:
    first = row_of(hours_at_risk_hundredths=150, amount_at_risk_fen=12000)
    second = row_of(
        found="h2 and h3 overlap",
        hours_at_risk_hundredths=50,
        amount_at_risk_fen=4000,
        evidence={"records": [["h2", 1], ["h3", 1]]},
    )
    (one,) = merged([second, first], RULE).values()
    assert one.found == "h1 and h2 overlap; h2 and h3 overlap"
    assert (one.hours_at_risk_hundredths, one.amount_at_risk_fen) == (200, 16000)
    assert one.records == [["h1", 1], ["h2", 1], ["h3", 1]]
    assert one.evidence["parts"] == [first.evidence, second.evidence]
    assert one.finding_id(RULE) == first.finding_id(RULE) == second.finding_id(RULE)


@quick
@given(st.lists(st.none() | st.integers(0, 10**6), min_size=1, max_size=6))
def test_a_sum_with_an_unknown_part_is_unknown_and_never_less(parts: list[int | None]) -> None:
    rows = [row_of(found=str(n), hours_at_risk_hundredths=p, amount_at_risk_fen=p) for n, p in enumerate(parts)]
    (one,) = merged(rows, RULE).values()
    total = None if None in parts else sum(part for part in parts if part is not None)
    assert (one.hours_at_risk_hundredths, one.amount_at_risk_fen) == (total, total)


def test_a_row_alone_stands_as_the_rule_wrote_it() -> None:
    assert list(merged([row_of()], RULE).values()) == [row_of()]


@pytest.mark.parametrize("evidence", [{}, {"records": None}, {"records": "h1"}, {"records": 3}])
def test_evidence_that_names_no_records_has_none(evidence: dict[str, object]) -> None:
    assert list(row_of(evidence=evidence).records) == []
