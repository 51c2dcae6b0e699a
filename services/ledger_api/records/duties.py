"""Duties: administrators on duty, patrols, coordination; 一(二)1 行政人员值班制度."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer, class_hours_faults, no_term
from services.ledger_api.ingest.payload import ClassHours, Identifier, Label, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import DutyKind


class Duty(Record, frozen=True):
    """One person's duty on one date, with the class hours claimed for it."""

    school_id: SchoolId
    duty_id: Identifier
    service_date: date
    staff_id: Identifier
    kind: DutyKind
    class_hours: ClassHours
    slot: Label | None = None
    note: Text | None = None
    reason: Text | None = None


def _faults(duty: Duty, known: Known, at: Pointer) -> Iterable[Fault]:
    term = known.calendar.term_of(duty.service_date)
    if term is None:
        yield no_term(known.calendar, duty.service_date, at("service_date"))
    elif duty.slot is not None and (term.term_id, duty.slot) not in known.rolls[duty.school_id].slots:
        yield Fault(at("slot"), "unknown_slot", {"slot": duty.slot})
    if duty.staff_id not in known.staff:
        yield Fault(at("staff_id"), "unknown_staff", {"staff_id": duty.staff_id})
    yield from class_hours_faults(duty.class_hours, at("class_hours"))


DUTIES = Resource("duties", Duty, key=("duty_id",), faults=_faults, staff_named=lambda duty: (duty.staff_id,))

router = entry_router(DUTIES, scope="ledger.write")
