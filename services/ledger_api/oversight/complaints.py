"""Complaints (信访投诉): what people report of a school, how it was handled and what came of it; 二(二), 三(五).

Who reported is nobody's business here. What is said of the reporter is never stored: a keyed digest of it tells one person's
complaints together, and without the key nobody can try out telephone numbers against it. No text may hold a number to reach or
identify a person by. The case is in the chain of the office that handles it, which no school reads.
"""

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from msgspec import Meta

from services.ledger_api.dependencies import BulkOptions, Ledger, Writer, receive
from services.ledger_api.entries import body_schema, entry_router
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import Identifier, Label, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.receipt import Receipt
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import COMPLAINT
from shared.asgi import requires
from shared.problems import Fault, Invalid, Refused
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
    """One complaint from its receipt to its closing. `due_on`: when it is to be closed, where the office set a day.

    `reporter`: what tells who reported (a name, a telephone number, an address); of it only `reporter_hash` is kept. An office
    that has a keyed digest of its own gives that.
    """

    school_id: SchoolId
    complaint_id: Identifier
    received_on: date
    channel: ComplaintChannel = "other"
    about: Text | None = None
    issue: Label | None = None
    office: Office | None = None
    anonymous: bool | None = None
    reporter: Annotated[Text, Meta(description="taken, never stored: only its keyed digest is")] | None = None
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

router = APIRouter(prefix="/v1/complaints", tags=["complaints"])


@router.post(
    "",
    response_model=Receipt,
    dependencies=[Depends(requires("oversight.write"))],
    openapi_extra=body_schema(Complaint),
)
async def post_complaints(request: Request, caller: Writer, ledger: Ledger, bulk: BulkOptions) -> Response:
    """Record complaints; all of them or none, since what is turned away one by one would be kept as it was sent."""
    if bulk.mode == "partial":
        raise Refused("invalid_parameter", name="mode", reason="complaints are taken whole (atomic)")
    key: bytes = request.app.state.reporter_key
    return await receive(
        request,
        caller,
        ledger,
        resource=COMPLAINTS.name,
        choose=lambda _raw: Complaint,
        append=lambda decoded, sender: _append(ledger, key, decoded, sender),
        bulk=bulk,
    )


entry_router(COMPLAINTS, scope="oversight.write", readers=READERS, onto=router, machine=COMPLAINT)


async def _append(ledger: LedgerWriterOfFacts, key: bytes, decoded: Decoded[Complaint], sender: Sender) -> Receipt:
    both = [
        Fault(
            decoded.pointer(index, "reporter_hash"), "invalid_value", {"reason": "reporter or reporter_hash, not both"}
        )
        for index, complaint in enumerate(decoded.records)
        if complaint.reporter is not None and complaint.reporter_hash is not None
    ]
    if both:
        raise Invalid(both)
    kept = replace(decoded, records=[_without_reporter(complaint, key) for complaint in decoded.records])
    # The digest of a body that named somebody would let numbers be tried out as well.
    named = any(complaint.reporter is not None for complaint in decoded.records)
    return await ledger.append_entries(COMPLAINTS, kept, replace(sender, body_digest=None) if named else sender)


def _without_reporter(complaint: Complaint, key: bytes) -> Complaint:
    """The complaint with a keyed digest in place of who reported; spaces and hyphens make no other person."""
    if complaint.reporter is None:
        return complaint
    who = re.sub(r"[\s\-]", "", complaint.reporter).casefold()
    return msgspec.structs.replace(
        complaint, reporter=None, reporter_hash=hmac.digest(key, who.encode(), "sha256").hex() if who else None
    )
