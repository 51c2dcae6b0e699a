"""Terms and their service days: weekdays without State Council holidays, with make-up days (调休); 一(二)1."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Record, TermId
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.service_calendar import HolidaysUnknown, service_days

Weekday = Annotated[int, Meta(ge=1, le=7, description="1 Monday … 7 Sunday")]


class Term(Record, frozen=True):
    """One term. Either `service_days` as they are, or `weekdays` with `holidays` and `makeup_days` (known by year)."""

    term_id: TermId
    starts_on: date
    ends_on: date
    service_days: tuple[date, ...] | None = None
    weekdays: tuple[Weekday, ...] = (1, 2, 3, 4, 5)
    holidays: tuple[date, ...] | None = None
    makeup_days: tuple[date, ...] | None = None


def _days_of(term: Term) -> list[date]:
    """The term's service days in order; raises HolidaysUnknown for a year whose holidays are not known."""
    if term.service_days is not None:
        return sorted(set(term.service_days))
    return sorted(
        service_days(
            term.starts_on,
            term.ends_on,
            weekdays=term.weekdays,
            holidays=term.holidays,
            makeup_days=term.makeup_days,
        ),
    )


def _faults(term: Term, known: Known, at: Pointer) -> Iterable[Fault]:
    if term.ends_on <= term.starts_on:
        yield Fault(at("ends_on"), "ends_before_it_starts", {"starts": term.starts_on, "ends": term.ends_on})
        return
    year, next_year = int(term.term_id[:4]), int(term.term_id[5:9])
    if next_year != year + 1:
        yield Fault(at("term_id"), "invalid_value", {"reason": f"{term.term_id} names no school year"})
        return
    for name, day in (("starts_on", term.starts_on), ("ends_on", term.ends_on)):
        if not (year, 7) <= (day.year, day.month) <= (next_year, 8):
            yield Fault(at(name), "invalid_value", {"reason": f"{day} is not in the school year {term.term_id[:9]}"})
            return
    for other in known.calendar.terms:
        # A day lies in one term: what is checked against its slots could not be told apart otherwise.
        if other.term_id != term.term_id and other.starts_on <= term.ends_on and term.starts_on <= other.ends_on:
            yield Fault(at("starts_on"), "overlapping_term", {"term_id": other.term_id})
    try:
        days = _days_of(term)
    except HolidaysUnknown as unknown:
        yield Fault(at("holidays"), "holidays_unknown", {"year": unknown.year})
        return
    for place, day in enumerate(term.service_days or ()):
        if not term.starts_on <= day <= term.ends_on:
            yield Fault(at("service_days", place), "outside_term", {"date": day})
    if not days:
        yield Fault(at("service_days"), "invalid_value", {"reason": "the term has no service day"})


def _content(term: Term) -> Term:
    return msgspec.structs.replace(term, service_days=tuple(_days_of(term)))


TERMS = Resource("terms", Term, key=("term_id",), home="district", faults=_faults, content=_content)

router = entry_router(TERMS, scope="registers.write")
