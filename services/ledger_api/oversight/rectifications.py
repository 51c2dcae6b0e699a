"""Rectifications (整改): what a school was told to put right, what it answered, and whether that was checked; 二(二), 二(三)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from msgspec import Meta

from services.ledger_api.conditions import ANOTHER_CHECKED
from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import Identifier, Label, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import RECTIFICATION
from shared.problems import Fault, Refused, Words
from shared.vocabulary import RectificationSource


class Extension(Record, frozen=True):
    """More time that was granted, and why."""

    granted_on: date
    due_on: date
    granted_by: Identifier | None = None
    why: Text | None = None


class Answer(Record, frozen=True):
    """What the school did and shows for it; and what came of the check (`accepted`), once it was made."""

    answered_on: date
    answered_by: Identifier | None = None
    text: Text | None = None
    evidence: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    checked_on: date | None = None
    checked_by: Identifier | None = None
    accepted: bool | None = None
    note: Text | None = None


class Rectification(Record, frozen=True):
    """One demand from its first day to its verification: the last answer that was accepted.

    `source_id`: the finding, inspection, review or complaint it comes from. `issue`: what kind of thing is wrong, so that
    the same is known when it comes again.
    """

    school_id: SchoolId
    rectification_id: Identifier
    demand: Text
    demanded_on: date
    due_on: date
    source: RectificationSource | None = None
    source_id: Text | None = None
    issue: Label | None = None
    demanded_by: Identifier | None = None
    extensions: Annotated[tuple[Extension, ...], Meta(max_length=100)] = ()
    answers: Annotated[tuple[Answer, ...], Meta(max_length=100)] = ()
    reason: Text | None = None


def _faults(rectification: Rectification, _known: Known, at: Pointer) -> Iterable[Fault]:
    demanded_on = rectification.demanded_on
    if rectification.due_on < demanded_on:
        yield Fault(at("due_on"), "ends_before_it_starts", {"starts": demanded_on, "ends": rectification.due_on})
    for place, answer in enumerate(rectification.answers):
        if answer.accepted is not None and answer.checked_on is None:
            yield Fault(at("answers", place, "checked_on"), "missing_field", {"field": "checked_on"})


async def _before(_ledger: LedgerWriterOfFacts, decoded: Decoded[Any], _sender: Sender) -> Decoded[Any]:
    """Raises Refused (403): nobody verifies or rejects what they answered themselves, whoever's system says so."""
    if any(
        answer.checked_by is not None and answer.checked_by == answer.answered_by
        for rectification in decoded.records
        for answer in rectification.answers
    ):
        raise Refused("own_work", condition=Words(ANOTHER_CHECKED.zh, ANOTHER_CHECKED.en))
    return decoded


RECTIFICATIONS = Resource("rectifications", Rectification, key=("rectification_id",), faults=_faults)

router = entry_router(RECTIFICATIONS, scope="oversight.write", machine=RECTIFICATION, before=_before)
