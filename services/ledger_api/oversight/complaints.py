"""Complaints (信访投诉): what people report of a school, how it was handled and what came of it; 二(二), 三(五).

Who reported is nobody's business here: a digest tells one reporter's complaints together, and no text may hold a number
to reach or identify a person by.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Label, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import COMPLAINT
from shared.problems import Fault
from shared.vocabulary import ComplaintChannel, ComplaintOutcome, Office

# The school that is complained of may not know who complained, and reads none of this.
READERS = frozenset({"centre", "bureau", "auditor"})
# A mobile telephone's number, an identity card's.
_REACHES_A_PERSON = re.compile(r"(?<!\d)(1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")


class Step(Record, frozen=True):
    """One thing that was done about it."""

    on: date
    action: Text
    by: Identifier | None = None


class Complaint(Record, frozen=True):
    """One complaint from its receipt to its closing. `due_on`: when it is to be closed, where the office set a day."""

    school_id: SchoolId
    complaint_id: Identifier
    received_on: date
    channel: ComplaintChannel = "other"
    about: Text | None = None
    issue: Label | None = None
    office: Office | None = None
    anonymous: bool | None = None
    reporter_hash: Sha256 | None = None
    acknowledged_on: date | None = None
    handled_by: Identifier | None = None
    handling: Annotated[tuple[Step, ...], Meta(max_length=100)] = ()
    due_on: date | None = None
    outcome: ComplaintOutcome | None = None
    result: Text | None = None
    answered_on: date | None = None
    closed_on: date | None = None
    reason: Text | None = None


def _texts(complaint: Complaint) -> Iterator[tuple[tuple[str | int, ...], str | None]]:
    yield ("about",), complaint.about
    yield ("result",), complaint.result
    for place, step in enumerate(complaint.handling):
        yield ("handling", place, "action"), step.action


def _faults(complaint: Complaint, _known: Known, at: Pointer) -> Iterable[Fault]:
    for steps, text in _texts(complaint):
        if text is not None and _REACHES_A_PERSON.search(text):
            yield Fault(
                at(*steps), "invalid_value", {"reason": "it holds a person's number; a reporter is a reporter_hash"}
            )
    for name in ("acknowledged_on", "closed_on"):
        day = getattr(complaint, name)
        if day is not None and day < complaint.received_on:
            yield Fault(at(name), "ends_before_it_starts", {"starts": complaint.received_on, "ends": day})


COMPLAINTS = Resource("complaints", Complaint, key=("school_id", "complaint_id"), home="office", faults=_faults)

router = entry_router(COMPLAINTS, scope="oversight.write", readers=READERS, machine=COMPLAINT)
