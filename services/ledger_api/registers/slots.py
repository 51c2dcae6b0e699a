"""Slots (时段): two or three a day, after lessons only; 一(一)1."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Clock, Label, Record, SchoolId, TermId
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import CODE_LISTS, ForbiddenKind, OutOfScopeKind

# The notice gives no clock times. Lessons end after noon rest everywhere in the district, and evening self-study begins
# after supper: a slot outside these hours cannot be after-school service. A slot inside may still be wrong; the audit looks.
EARLIEST_START = "14:00"
LATEST_END = "19:00"


class Slot(Record, frozen=True):
    """One slot of a school's term. A `kind` that is outside the service, or forbidden, may be named, and is refused."""

    school_id: SchoolId
    term_id: TermId
    slot: Label
    starts_at: Clock
    ends_at: Clock
    minutes_per_class_hour: Annotated[int, Meta(ge=1, le=240)] = 40
    weekdays: tuple[Annotated[int, Meta(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    kind: OutOfScopeKind | ForbiddenKind | None = None


def _faults(slot: Slot, known: Known, at: Pointer) -> Iterable[Fault]:
    if slot.term_id not in {term.term_id for term in known.calendar.terms}:
        yield Fault(at("term_id"), "unknown_term", {"term_id": slot.term_id})
    if slot.ends_at <= slot.starts_at:
        yield Fault(at("ends_at"), "ends_before_it_starts", {"starts": slot.starts_at, "ends": slot.ends_at})
    elif slot.kind is not None:
        is_forbidden = slot.kind in CODE_LISTS["forbidden_kind"]
        words = CODE_LISTS["forbidden_kind" if is_forbidden else "out_of_scope_kind"][slot.kind]
        yield Fault(at("kind"), "forbidden_kind" if is_forbidden else "outside_service", {"what": words.zh})
    elif slot.starts_at < EARLIEST_START:
        yield Fault(at("starts_at"), "outside_service", {"what": f"{slot.starts_at}–{slot.ends_at}"})
    elif slot.ends_at > LATEST_END:
        yield Fault(at("ends_at"), "outside_service", {"what": f"{slot.starts_at}–{slot.ends_at}"})


SLOTS = Resource("slots", Slot, key=("term_id", "slot"), moves_roll=True, faults=_faults)

router = entry_router(SLOTS, scope="registers.write")
