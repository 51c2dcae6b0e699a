"""Trainings (培训、警示教育): who of a school attended what, held by the school itself or by an office; 二, 三(二), 三(三)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import Office, TrainingKind


class Training(Record, frozen=True):
    """One event as one school took part in it; `organiser`: the office that held it, none when the school did."""

    school_id: SchoolId
    training_id: Identifier
    kind: TrainingKind
    held_on: date
    organiser: Office | None = None
    topic: Text | None = None
    attendees: Annotated[tuple[Identifier, ...], Meta(max_length=5000)] = ()
    reason: Text | None = None


def _faults(training: Training, known: Known, at: Pointer) -> Iterable[Fault]:
    for place, staff_id in enumerate(training.attendees):
        if staff_id not in known.staff:
            yield Fault(at("attendees", place), "unknown_staff", {"staff_id": staff_id})


TRAININGS = Resource(
    "trainings",
    Training,
    key=("training_id",),
    faults=_faults,
    staff_named=lambda training: training.attendees,
)

# A school enters its own, a centre or the bureau what it held for the school.
router = entry_router(TRAININGS, scope="documents.write", or_scope="oversight.write")
