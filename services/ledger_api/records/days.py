"""Days: the school says that a day's record is complete, or that there was no service and why; 一(二)1."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer, no_term
from services.ledger_api.ingest.payload import Count, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import DayState


class Day(Record, frozen=True):
    """One day of a school's ledger: what the school says it held. Missing is never zero."""

    school_id: SchoolId
    service_date: date
    state: DayState
    sessions: Count | None = None
    pupils: Count | None = None
    reason: Text | None = None


def _faults(day: Day, known: Known, at: Pointer) -> Iterable[Fault]:
    if known.calendar.term_of(day.service_date) is None:
        yield no_term(known.calendar, day.service_date, at("service_date"))
    if day.state == "no_service" and not day.reason:
        yield Fault(at("reason"), "missing_field", {"field": "reason"})


DAYS = Resource("days", Day, key=("service_date",), faults=_faults)

router = entry_router(DAYS, scope="ledger.write")
