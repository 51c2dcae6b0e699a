"""Patrols (巡查) and interviews: what the management saw and heard; 一(一)6."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer, no_term
from services.ledger_api.ingest.payload import Clock, Count, Identifier, Label, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import PatrolKind


class Patrol(Record, frozen=True):
    """One look at one session, or one interview: when, by whom, how many pupils and which staff were there."""

    school_id: SchoolId
    patrol_id: Identifier
    service_date: date
    kind: PatrolKind = "patrol"
    time: Clock | None = None
    session_id: Identifier | None = None
    slot: Label | None = None
    by: Identifier | None = None
    observed_headcount: Count | None = None
    staff_present: tuple[Identifier, ...] | None = None
    remark: Text | None = None
    reason: Text | None = None


def _faults(patrol: Patrol, known: Known, at: Pointer) -> Iterable[Fault]:
    term = known.calendar.term_of(patrol.service_date)
    if term is None:
        yield no_term(known.calendar, patrol.service_date, at("service_date"))
    elif patrol.slot is not None and (term.term_id, patrol.slot) not in known.rolls[patrol.school_id].slots:
        yield Fault(at("slot"), "unknown_slot", {"slot": patrol.slot})
    if patrol.by is not None and patrol.by not in known.staff:
        yield Fault(at("by"), "unknown_staff", {"staff_id": patrol.by})
    for place, staff_id in enumerate(patrol.staff_present or ()):
        if staff_id not in known.staff:
            yield Fault(at("staff_present", place), "unknown_staff", {"staff_id": staff_id})


def _staff_named(patrol: Patrol) -> Iterable[str]:
    yield from patrol.staff_present or ()
    if patrol.by is not None:
        yield patrol.by


PATROLS = Resource("patrols", Patrol, key=("patrol_id",), faults=_faults, staff_named=_staff_named)

router = entry_router(PATROLS, scope="documents.write")
