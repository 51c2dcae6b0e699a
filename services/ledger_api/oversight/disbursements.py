"""Disbursements (拨付): what the district grants a school for a term, by which standard, when; 三(六)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Fen, Identifier, Record, SchoolId, TermId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import DisbursementBasis

Whole = Annotated[int, Meta(ge=0, le=10**9)]


class Disbursement(Record, frozen=True):
    """One grant to one school. `standard_fen` × `basis` (so many pupils, or class hours) is what it should be."""

    school_id: SchoolId
    disbursement_id: Identifier
    term_id: TermId
    amount_fen: Fen
    paid_on: date | None = None
    due_on: date | None = None
    purpose: Text | None = None
    standard_fen: Whole | None = None
    basis: Whole | None = None
    basis_kind: DisbursementBasis | None = None
    reason: Text | None = None


def _faults(grant: Disbursement, known: Known, at: Pointer) -> Iterable[Fault]:
    if grant.term_id not in {term.term_id for term in known.calendar.terms}:
        yield Fault(at("term_id"), "unknown_term", {"term_id": grant.term_id})


DISBURSEMENTS = Resource("disbursements", Disbursement, key=("disbursement_id",), faults=_faults)

router = entry_router(DISBURSEMENTS, scope="oversight.write", writers=frozenset({"bureau"}))
