"""Service days of a term: weekdays, without the State Council's holidays, with its make-up days."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.service_calendar import HolidaysUnknown, days_between, holidays_of, makeup_days_of, service_days

KNOWN_YEARS = range(2021, 2027)
# The notices of the State Council as an independent collection reads them, where it is at hand.
NOTICES = Path(__file__).parents[2].parent / "shared" / "samples" / "holiday_cn"

known_days = st.dates(date(2021, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "count"),
    [
        (date(2024, 9, 2), date(2025, 1, 17), 95),
        (date(2025, 2, 17), date(2025, 6, 30), 92),
        (date(2025, 9, 1), date(2026, 1, 30), 105),
        (date(2026, 3, 2), date(2026, 6, 30), 83),
    ],
    ids=["2024-25 autumn", "2024-25 spring", "2025-26 autumn", "2025-26 spring"],
)
def test_a_term_of_shanghai_has_its_service_days(starts_on: date, ends_on: date, count: int) -> None:
    assert len(service_days(starts_on, ends_on)) == count


def test_each_month_of_an_autumn_term_has_its_service_days() -> None:
    days = service_days(date(2025, 9, 1), date(2026, 1, 30))
    by_month = [sum(day.month == month for day in days) for month in (9, 10, 11, 12, 1)]
    assert by_month == [23, 18, 20, 23, 21]


@pytest.fixture(scope="module")
def notices() -> dict[date, bool]:
    """Every day that the notices name: True is a day off, False a day worked instead."""
    if not NOTICES.is_dir():
        pytest.skip("The samples of the State Council's notices (holiday_cn) do not lie beside the project.")
    # A year's file may name days of the years beside it, as the notice itself does.
    return {
        date.fromisoformat(day["date"]): day["isOffDay"]
        for path in sorted(NOTICES.glob("[0-9]*.json"))
        for day in json.loads(path.read_text("utf-8"))["days"]
    }


@pytest.mark.parametrize("year", KNOWN_YEARS)
def test_the_holidays_of_a_year_are_those_of_the_notices(notices: dict[date, bool], year: int) -> None:
    assert holidays_of(year) == {day for day, is_off in notices.items() if is_off and day.year == year}


@pytest.mark.parametrize("year", KNOWN_YEARS)
def test_the_makeup_days_of_a_year_are_those_of_the_notices(notices: dict[date, bool], year: int) -> None:
    assert makeup_days_of(year) == {day for day, is_off in notices.items() if not is_off and day.year == year}


@pytest.mark.parametrize("year", KNOWN_YEARS)
def test_makeup_days_are_weekend_days_and_no_holidays(year: int) -> None:
    assert all(day.isoweekday() in {6, 7} for day in makeup_days_of(year))
    assert not makeup_days_of(year) & holidays_of(year)


@given(known_days, st.integers(0, 400))
def test_service_days_are_in_order_each_once_and_within_the_term(starts_on: date, length: int) -> None:
    ends_on = min(starts_on + timedelta(days=length), date(2026, 12, 31))
    days = service_days(starts_on, ends_on)
    assert list(days) == sorted(set(days))
    assert all(starts_on <= day <= ends_on for day in days)


@given(known_days)
def test_a_day_is_served_if_it_is_worked_and_not_a_holiday(day: date) -> None:
    served = service_days(day, day) == (day,)
    makes_up = day in makeup_days_of(day.year)
    assert served == (makes_up or (day.isoweekday() <= 5 and day not in holidays_of(day.year)))


@given(known_days, known_days, known_days)
def test_a_term_cut_in_two_has_the_same_service_days(one: date, two: date, three: date) -> None:
    first, middle, last = sorted((one, two, three))
    rest = service_days(middle + timedelta(days=1), last) if middle < last else ()
    assert service_days(first, middle) + rest == service_days(first, last)


def test_a_weekend_that_is_worked_instead_is_a_service_day() -> None:
    assert service_days(date(2025, 9, 27), date(2025, 9, 28)) == (date(2025, 9, 28),)


def test_holidays_that_are_given_stand_for_those_of_the_state_council() -> None:
    week = (date(2025, 10, 6), date(2025, 10, 10))
    assert service_days(*week) == (date(2025, 10, 9), date(2025, 10, 10))
    assert service_days(*week, holidays=[date(2025, 10, 9)], makeup_days=[]) == (
        date(2025, 10, 6),
        date(2025, 10, 7),
        date(2025, 10, 8),
        date(2025, 10, 10),
    )


def test_a_school_that_serves_on_some_weekdays_has_only_those() -> None:
    days = service_days(date(2025, 9, 1), date(2025, 9, 14), weekdays=(1, 5))
    assert days == (date(2025, 9, 1), date(2025, 9, 5), date(2025, 9, 8), date(2025, 9, 12))


def test_a_year_without_a_notice_is_said_and_not_guessed() -> None:
    with pytest.raises(HolidaysUnknown) as refused:
        service_days(date(2026, 12, 1), date(2027, 1, 31))
    assert refused.value.year == 2027


def test_a_year_without_a_notice_needs_both_holidays_and_makeup_days() -> None:
    term = (date(2027, 3, 1), date(2027, 3, 5))
    assert len(service_days(*term, holidays=[], makeup_days=[])) == 5
    with pytest.raises(HolidaysUnknown):
        service_days(*term, holidays=[])


def test_both_ends_of_a_period_are_in_it() -> None:
    assert list(days_between(date(2024, 2, 28), date(2024, 3, 1))) == [
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
    ]
    assert list(days_between(date(2024, 3, 2), date(2024, 3, 1))) == []
