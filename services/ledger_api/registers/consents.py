"""Consents (自愿参加): which pupil takes part in a term, on which days, in which slots, in what; 一(一)1."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Label, Record, SchoolId, TermId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault


class Consent(Record, frozen=True):
    """A guardian's decision for one pupil and term: weekdays × slots, and activities where they are chosen."""

    school_id: SchoolId
    term_id: TermId
    student_id: Identifier
    opted_in: bool
    weekdays: tuple[Annotated[int, Meta(ge=1, le=7)], ...] = ()
    slots: tuple[Label, ...] = ()
    activities: tuple[Text, ...] = ()
    signed_on: date | None = None
    reason: Text | None = None


def _faults(consent: Consent, known: Known, at: Pointer) -> Iterable[Fault]:
    roll = known.rolls[consent.school_id]
    if consent.term_id not in {term.term_id for term in known.calendar.terms}:
        yield Fault(at("term_id"), "unknown_term", {"term_id": consent.term_id})
    else:
        for place, slot in enumerate(consent.slots):
            if (consent.term_id, slot) not in roll.slots:
                yield Fault(at("slots", place), "unknown_slot", {"slot": slot})
    if consent.student_id not in roll.student_numbers:
        yield Fault(at("student_id"), "unknown_student", {"student_id": consent.student_id})


CONSENTS = Resource("consents", Consent, key=("term_id", "student_id"), faults=_faults)

router = entry_router(CONSENTS, scope="registers.write")
