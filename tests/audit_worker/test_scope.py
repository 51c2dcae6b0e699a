"""A change dirties school-days; a rule looks at whole weeks, months or terms of them, each day once."""

from collections import Counter
from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.audit_worker.scope import Scope, TermDates, widen
from shared.service_calendar import days_between
from shared.vocabulary import Grain

S1, S2, S3 = "3101150001", "3101150002", "3101150003"
AUTUMN = TermDates("2025-2026-1", date(2025, 9, 1), date(2026, 1, 30))
SPRING = TermDates("2025-2026-2", date(2026, 3, 2), date(2026, 6, 30))
TERMS = (AUTUMN, SPRING)
GRAINS: tuple[Grain, ...] = get_args(Grain)
OF_A_TERM: tuple[Grain, ...] = ("school_term", "district")

days_of_a_year = st.dates(date(2025, 8, 20), date(2026, 7, 10))
days_of_a_term = days_of_a_year.filter(lambda day: any(term.starts_on <= day <= term.ends_on for term in TERMS))
school_ids = st.sampled_from([S1, S2, S3])
dirty_in_terms = st.lists(st.tuples(school_ids, days_of_a_term), max_size=15)
dirty_in_a_year = st.lists(st.tuples(school_ids, days_of_a_year), max_size=15)
# What holds does not depend on how quick a busy machine is.
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def school_days_of(scopes: list[Scope]) -> Counter[tuple[str, date]]:
    """How often each school-day lies in the scopes."""
    return Counter(
        (school_id, day)
        for scope in scopes
        for day in days_between(scope.first_day, scope.last_day)
        for school_id in scope.school_ids
    )


@pytest.mark.parametrize("grain", GRAINS)
@quick
@given(dirty=dirty_in_terms)
def test_every_dirty_day_of_a_term_lies_in_just_one_scope_of_every_grain(
    grain: Grain, dirty: list[tuple[str, date]]
) -> None:
    covered = school_days_of(widen(dirty, grain, TERMS))
    assert all(covered[school_day] == 1 for school_day in dirty)
    assert set(covered.values()) <= {1}


@pytest.mark.parametrize("grain", [grain for grain in GRAINS if grain not in OF_A_TERM])
@quick
@given(dirty=dirty_in_a_year)
def test_days_weeks_and_months_need_no_term(grain: Grain, dirty: list[tuple[str, date]]) -> None:
    assert set(dirty) <= set(school_days_of(widen(dirty, grain, ())))


@pytest.mark.parametrize("grain", GRAINS)
@quick
@given(dirty=dirty_in_a_year, data=st.data())
def test_the_order_of_changes_and_their_repetition_do_not_matter(
    grain: Grain, dirty: list[tuple[str, date]], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(dirty + dirty))
    assert widen(again, grain, TERMS) == widen(dirty, grain, TERMS)


@pytest.mark.parametrize("grain", GRAINS)
@quick
@given(dirty=dirty_in_a_year)
def test_what_was_widened_is_not_widened_further(grain: Grain, dirty: list[tuple[str, date]]) -> None:
    scopes = widen(dirty, grain, TERMS)
    assert widen(list(school_days_of(scopes)), grain, TERMS) == scopes


@pytest.mark.parametrize("grain", ["school_day", "staff_day"])
@quick
@given(dirty=dirty_in_a_year)
def test_the_scopes_of_a_day_are_the_dirty_days_and_no_others(grain: Grain, dirty: list[tuple[str, date]]) -> None:
    assert set(school_days_of(widen(dirty, grain, TERMS))) == set(dirty)


@quick
@given(dirty_in_a_year)
def test_weeks_are_whole_and_each_holds_a_dirty_day(dirty: list[tuple[str, date]]) -> None:
    widened = school_days_of(widen(dirty, "school_week", TERMS))
    weeks = {(school_id, day.isocalendar()[:2]) for school_id, day in dirty}
    assert Counter((school_id, day.isocalendar()[:2]) for school_id, day in widened) == dict.fromkeys(weeks, 7)


@quick
@given(dirty_in_a_year)
def test_months_are_whole_and_each_holds_a_dirty_day(dirty: list[tuple[str, date]]) -> None:
    scopes = widen(dirty, "school_month", TERMS)
    for scope in scopes:
        assert scope.first_day.day == 1
        assert (scope.last_day + timedelta(days=1)).day == 1
    months = {(school_id, day.year, day.month) for school_id, day in dirty}
    assert {(school_id, day.year, day.month) for school_id, day in school_days_of(scopes)} == months


@pytest.mark.parametrize("grain", OF_A_TERM)
@quick
@given(dirty=dirty_in_a_year)
def test_terms_are_whole_and_a_day_outside_every_term_has_none(grain: Grain, dirty: list[tuple[str, date]]) -> None:
    touched = {
        (school_id, term.starts_on, term.ends_on)
        for school_id, day in dirty
        for term in TERMS
        if term.starts_on <= day <= term.ends_on
    }
    scopes = widen(dirty, grain, TERMS)
    assert {(school_id, each.first_day, each.last_day) for each in scopes for school_id in each.school_ids} == touched


def test_schools_with_the_same_days_share_a_scope() -> None:
    monday = date(2025, 9, 8)
    assert widen([(S2, monday), (S1, monday)], "school_day", TERMS) == [Scope((S1, S2), monday, monday)]


def test_days_in_a_row_are_one_scope_and_a_day_apart_is_another() -> None:
    dirty = [(S1, date(2025, 9, day)) for day in (8, 9, 10, 12)]
    assert widen(dirty, "school_day", TERMS) == [
        Scope((S1,), date(2025, 9, 8), date(2025, 9, 10)),
        Scope((S1,), date(2025, 9, 12), date(2025, 9, 12)),
    ]


def test_a_week_goes_from_monday_to_sunday() -> None:
    for day in (date(2025, 9, 8), date(2025, 9, 11), date(2025, 9, 14)):
        assert widen([(S1, day)], "school_week", TERMS) == [Scope((S1,), date(2025, 9, 8), date(2025, 9, 14))]


@pytest.mark.parametrize(
    ("day", "last_day"),
    [
        (date(2024, 2, 1), date(2024, 2, 29)),
        (date(2025, 2, 28), date(2025, 2, 28)),
        (date(2025, 12, 31), date(2025, 12, 31)),
        (date(2025, 9, 15), date(2025, 9, 30)),
    ],
)
def test_a_month_ends_on_its_last_day(day: date, last_day: date) -> None:
    assert widen([(S1, day)], "school_month", TERMS) == [Scope((S1,), day.replace(day=1), last_day)]


def test_both_ends_of_a_term_are_in_it() -> None:
    whole = [Scope((S1,), AUTUMN.starts_on, AUTUMN.ends_on)]
    assert widen([(S1, AUTUMN.starts_on)], "school_term", TERMS) == whole
    assert widen([(S1, AUTUMN.ends_on)], "school_term", TERMS) == whole
    assert widen([(S1, AUTUMN.ends_on + timedelta(days=1))], "school_term", TERMS) == []


@pytest.mark.parametrize("day", [date(2025, 9, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 8, 31)])
def test_a_school_year_goes_from_september_to_the_end_of_the_summer_after_it(day: date) -> None:
    assert widen([(S1, day)], "year", ()) == [Scope((S1,), date(2025, 9, 1), date(2026, 8, 31))]


def test_without_changes_there_is_nothing_to_look_at() -> None:
    assert all(widen([], grain, TERMS) == [] for grain in GRAINS)
