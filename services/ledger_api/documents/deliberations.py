"""Deliberations (“三重一大”集体决策): what the school's Party organisation decided before it was published; 一(二)2."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Count, Fen, Identifier, Period, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import DeliberationDecision, DeliberationForm, DeliberationItemKind


class DeliberationItem(Record, frozen=True):
    """One matter on the table: what it is, of which month or term, and the digest of what was laid before the meeting.

    `document_id`: the publication, plan or submission it became; `amount_fen`: the total that the minutes give.
    """

    kind: DeliberationItemKind
    period: Period | None = None
    document_id: Identifier | None = None
    content_hash: Sha256 | None = None
    amount_fen: Fen | None = None


class Deliberation(Record, frozen=True):
    """One meeting (or what stood for one): who took part of how many, and what it decided."""

    school_id: SchoolId
    deliberation_id: Identifier
    held_on: date
    topic: Text
    decision: DeliberationDecision
    form: DeliberationForm = "meeting"
    participants: Annotated[tuple[Identifier, ...], Meta(max_length=500)] | None = None
    eligible: Count | None = None
    items: Annotated[tuple[DeliberationItem, ...], Meta(max_length=200)] = ()
    recorded_by: Identifier | None = None
    attachments: tuple[Text, ...] = ()
    reason: Text | None = None


def _faults(deliberation: Deliberation, known: Known, at: Pointer) -> Iterable[Fault]:
    terms = {term.term_id for term in known.calendar.terms}
    for place, item in enumerate(deliberation.items):
        if item.kind == "term_remuneration" and item.period is not None and item.period not in terms:
            yield Fault(at("items", place, "period"), "unknown_term", {"term_id": item.period})


DELIBERATIONS = Resource("deliberations", Deliberation, key=("deliberation_id",), faults=_faults)

router = entry_router(DELIBERATIONS, scope="documents.write")
