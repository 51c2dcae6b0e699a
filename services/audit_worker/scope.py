"""What a change dirties: school-days, widened to the grain of a rule, as few rectangles (schools × days). Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.vocabulary import Grain

_MOST_DAYS: Mapping[Grain, int] = {
    "school_day": 1, "staff_day": 1, "school_week": 7, "school_month": 31, "school_term": 183, "district": 183, "year": 366,
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Scope:
    """Every day from first_day to last_day, both in it, of every one of these schools."""

    school_ids: tuple[str, ...]
    first_day: date
    last_day: date


@dataclass(frozen=True)
class TermDates:
    """A term's bounds, both in it."""

    term_id: str
    starts_on: date
    ends_on: date


def days_of(scope: Scope) -> set[tuple[str, date]]:
    """Every school-day of a scope."""
    days = [scope.first_day + timedelta(days=n) for n in range((scope.last_day - scope.first_day).days + 1)]
    return {(school_id, day) for school_id in scope.school_ids for day in days}


def places_in(scope: Scope, grain: Grain) -> int:
    """How many of what a rule of the grain looks at are in the scope: a school's days, weeks, months, terms or years."""
    days = (scope.last_day - scope.first_day).days + 1
    return len(scope.school_ids) * -(-days // _MOST_DAYS[grain])


def widen(dirty: Iterable[tuple[str, date]], grain: Grain, terms: Sequence[TermDates]) -> list[Scope]:
    """The scopes of a grain that hold every dirty school-day: whole weeks, months or terms where the grain says so.

    `dirty`: (school_id, service_date). A date outside every term has no term scope.
    """
    spans: dict[str, set[tuple[date, date]]] = defaultdict(set)
    for school_id, day in dirty:
        span = _span(day, grain, terms)
        if span is not None:
            spans[school_id].add(span)
    schools_of: dict[tuple[date, date], list[str]] = defaultdict(list)
    for school_id, wanted in spans.items():
        for span in _merged(wanted):
            schools_of[span].append(school_id)
    return sorted(Scope(tuple(sorted(schools)), first, last) for (first, last), schools in schools_of.items())


def _span(day: date, grain: Grain, terms: Sequence[TermDates]) -> tuple[date, date] | None:
    if grain == "school_week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if grain == "school_month":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if grain in {"school_term", "district"}:
        return next(((term.starts_on, term.ends_on) for term in terms if term.starts_on <= day <= term.ends_on), None)
    if grain == "year":
        # The school year (学年), with the summer after it.
        started = day.year if day.month >= 9 else day.year - 1
        return date(started, 9, 1), date(started + 1, 8, 31)
    return day, day


def _merged(spans: Collection[tuple[date, date]]) -> list[tuple[date, date]]:
    """Spans that touch as one."""
    merged: list[tuple[date, date]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + timedelta(days=1):
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
