"""Publications (公示): what the school posted for its staff, month by month and for the term; 一(二)2."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Period, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.procedures import PUBLICATION
from services.ledger_api.statement_lines import StatementLine, line_faults
from shared.problems import Fault
from shared.vocabulary import PublicationKind


class Objection(Record, frozen=True):
    """What a participant said against the publication, about whose line, and what was answered; 知情权."""

    objection_id: Identifier
    made_on: date
    staff_id: Identifier | None = None
    text: Text | None = None
    answered_on: date | None = None
    answer: Text | None = None


class ArchiveItem(Record, frozen=True):
    """What was kept of the publication for inspection (存档备查), and until when."""

    content_hash: Sha256
    stored_on: date
    keep_until: date | None = None
    location: Text | None = None


class LedgerPosition(Record, frozen=True):
    """The head of the school's chain that the lines were taken from."""

    seq: Annotated[int, Meta(ge=0)]
    head: Sha256


class Publication(Record, frozen=True):
    """One posting. `period` is `YYYY-MM` for a month's workload, the term_id for a term's remuneration.

    `content_hash`: the digest of the sheet as it was posted, the one that the meeting was shown.
    """

    school_id: SchoolId
    publication_id: Identifier
    kind: PublicationKind
    period: Period
    lines: tuple[StatementLine, ...]
    displayed_from: date | None = None
    displayed_to: date | None = None
    closed_on: date | None = None
    place: Text | None = None
    deliberation_id: Identifier | None = None
    content_hash: Sha256 | None = None
    objections: Annotated[tuple[Objection, ...], Meta(max_length=1000)] = ()
    archive: Annotated[tuple[ArchiveItem, ...], Meta(max_length=100)] = ()
    chain: LedgerPosition | None = None
    attachments: tuple[Text, ...] = ()
    reason: Text | None = None


def _faults(publication: Publication, known: Known, at: Pointer) -> Iterable[Fault]:
    if publication.kind == "term_remuneration" and publication.period not in {
        term.term_id for term in known.calendar.terms
    }:
        yield Fault(at("period"), "unknown_term", {"term_id": publication.period})
    if (
        publication.displayed_from
        and publication.displayed_to
        and publication.displayed_to < publication.displayed_from
    ):
        yield Fault(
            at("displayed_to"),
            "ends_before_it_starts",
            {"starts": publication.displayed_from, "ends": publication.displayed_to},
        )
    for place, objection in enumerate(publication.objections):
        if objection.staff_id is not None and objection.staff_id not in known.staff:
            yield Fault(at("objections", place, "staff_id"), "unknown_staff", {"staff_id": objection.staff_id})
    yield from line_faults(publication.lines, known, at)


def _staff_named(publication: Publication) -> Iterable[str]:
    yield from (line.staff_id for line in publication.lines)
    yield from (each.staff_id for each in publication.objections if each.staff_id is not None)


PUBLICATIONS = Resource(
    "publications",
    Publication,
    key=("publication_id",),
    faults=_faults,
    staff_named=_staff_named,
)

router = entry_router(PUBLICATIONS, scope="documents.write", machine=PUBLICATION)
