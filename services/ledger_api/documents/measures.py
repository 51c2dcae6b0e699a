"""Measures (工作记录): what was done on a day: guidance, circulars, good practice, help for pupils, checks of rooms; 一(一)1, 二(一), 二(二)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Count, Identifier, Label, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import MeasureMatter, Office


class Measure(Record, frozen=True):
    """One thing done at or for a school. `organiser`: the office that did it, none when the school did.

    `asks`: what the school is to do by `due_on`, and what it `answer`ed on `answered_on` (一案多查: the self-check that a
    circular asks for). `pupils`: how many, never who; `finished` of `assigned`: pieces of written homework of a sample.
    """

    school_id: SchoolId
    measure_id: Identifier
    matter: MeasureMatter
    done_on: date
    topic: Text | None = None
    organiser: Office | None = None
    staff: Annotated[tuple[Identifier, ...], Meta(max_length=200)] = ()
    activity: Text | None = None
    room: Label | None = None
    pupils: Count | None = None
    assigned: Count | None = None
    finished: Count | None = None
    rating: Annotated[int, Meta(ge=0, le=100)] | None = None
    result: Text | None = None
    valid_to: date | None = None
    asks: Text | None = None
    due_on: date | None = None
    answered_on: date | None = None
    answer: Text | None = None
    attachments: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    reason: Text | None = None


def _faults(measure: Measure, known: Known, at: Pointer) -> Iterable[Fault]:
    for place, staff_id in enumerate(measure.staff):
        if staff_id not in known.staff:
            yield Fault(at("staff", place), "unknown_staff", {"staff_id": staff_id})
    for last in ("valid_to", "due_on", "answered_on"):
        ends = getattr(measure, last)
        if ends is not None and ends < measure.done_on:
            yield Fault(at(last), "ends_before_it_starts", {"starts": measure.done_on, "ends": ends})


MEASURES = Resource("measures", Measure, key=("measure_id",), faults=_faults, staff_named=lambda measure: measure.staff)

# A school enters its own, a centre or the bureau what it did at the school.
router = entry_router(MEASURES, scope="documents.write", or_scope="oversight.write")
