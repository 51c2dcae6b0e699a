"""Publications (公示): what the school posted for its staff, month by month and for the term; 一(二)2."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Period, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.statement_lines import StatementLine, line_faults
from shared.problems import Fault
from shared.vocabulary import PublicationKind


class Publication(Record, frozen=True):
    """One posting. `period` is `YYYY-MM` for a month's workload, the term_id for a term's remuneration."""

    school_id: SchoolId
    publication_id: Identifier
    kind: PublicationKind
    period: Period
    lines: tuple[StatementLine, ...]
    displayed_from: date | None = None
    displayed_to: date | None = None
    place: Text | None = None
    deliberation_id: Identifier | None = None
    attachments: tuple[Text, ...] = ()
    reason: Text | None = None


def _faults(publication: Publication, known: Known, at: Pointer) -> Iterable[Fault]:
    if publication.kind == "term_remuneration" and publication.period not in {
        term.term_id for term in known.calendar.terms
    }:
        yield Fault(at("period"), "unknown_term", {"term_id": publication.period})
    yield from line_faults(publication.lines, known, at)


PUBLICATIONS = Resource(
    "publications",
    Publication,
    key=("publication_id",),
    faults=_faults,
    staff_named=lambda publication: (line.staff_id for line in publication.lines),
)

router = entry_router(PUBLICATIONS, scope="documents.write")
