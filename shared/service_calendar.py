"""Service days of a term: weekdays without the State Council's holidays, with its make-up working days (调休). Pure.

The tables are facts of the State Council's yearly notices: 国办发明电〔2020〕27号 (2021), 〔2021〕11号 (2022),
〔2022〕16号 (2023), 〔2023〕7号 (2024), 〔2024〕12号 (2025), and the notice of 2025-11-04 (2026).
A school may not move a holiday itself; local closures are registered apart.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta

# The month.
SCHOOL_YEAR_BEGINS = 9

_HOLIDAY_RANGES: Mapping[int, str] = {
    2021: "01-01/01-03 02-11/02-17 04-03/04-05 05-01/05-05 06-12/06-14 09-19/09-21 10-01/10-07",
    2022: "01-01/01-03 01-31/02-06 04-03/04-05 04-30/05-04 06-03/06-05 09-10/09-12 10-01/10-07 12-31/12-31",
    2023: "01-01/01-02 01-21/01-27 04-05/04-05 04-29/05-03 06-22/06-24 09-29/10-06",
    2024: "01-01/01-01 02-10/02-17 04-04/04-06 05-01/05-05 06-10/06-10 09-15/09-17 10-01/10-07",
    2025: "01-01/01-01 01-28/02-04 04-04/04-06 05-01/05-05 05-31/06-02 10-01/10-08",
    2026: "01-01/01-03 02-15/02-23 04-04/04-06 05-01/05-05 06-19/06-21 09-25/09-27 10-01/10-07",
}

_MAKEUP_DAYS: Mapping[int, str] = {
    2021: "02-07 02-20 04-25 05-08 09-18 09-26 10-09",
    2022: "01-29 01-30 04-02 04-24 05-07 10-08 10-09",
    2023: "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


class HolidaysUnknown(Exception):
    """The State Council's arrangement of a year is not in the table; carries the year."""

    def __init__(self, year: int) -> None:
        """`year`: the first one that is not known."""
        super().__init__(f"the holidays of {year} are not known; give holidays and make-up days")
        self.year = year


def school_year_of(day: date) -> int:
    """The year in which a day's school year (学年, 1 September to 31 August) begins."""
    return day.year - (day.month < SCHOOL_YEAR_BEGINS)


def days_between(first: date, last: date) -> Iterator[date]:
    """Each date from first to last, both in it."""
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


def holidays_of(year: int) -> frozenset[date]:
    """The public holidays of a year, weekends among them; raises HolidaysUnknown."""
    if year not in _HOLIDAY_RANGES:
        raise HolidaysUnknown(year)
    return frozenset(
        day
        for first, last in (each.split("/") for each in _HOLIDAY_RANGES[year].split())
        for day in days_between(date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last}"))
    )


def makeup_days_of(year: int) -> frozenset[date]:
    """The weekend days of a year that are worked instead; raises HolidaysUnknown."""
    if year not in _MAKEUP_DAYS:
        raise HolidaysUnknown(year)
    return frozenset(date.fromisoformat(f"{year}-{day}") for day in _MAKEUP_DAYS[year].split())


def service_days(
    starts_on: date,
    ends_on: date,
    *,
    weekdays: Collection[int] = (1, 2, 3, 4, 5),
    holidays: Collection[date] | None = None,
    makeup_days: Collection[date] | None = None,
) -> tuple[date, ...]:
    """The service days from `starts_on` to `ends_on`, both in it, in order; 一(二)1 每日.

    `weekdays`: 1 Monday … 7 Sunday. `holidays`, `makeup_days`: those given, else the State Council's.
    Raises HolidaysUnknown when they are neither given nor known for a year of the term.
    """
    years = range(starts_on.year, ends_on.year + 1)
    off = frozenset(holidays) if holidays is not None else frozenset().union(*map(holidays_of, years))
    worked = frozenset(makeup_days) if makeup_days is not None else frozenset().union(*map(makeup_days_of, years))
    return tuple(
        day
        for day in days_between(starts_on, ends_on)
        if day in worked or (day.isoweekday() in weekdays and day not in off)
    )
