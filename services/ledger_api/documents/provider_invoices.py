"""Invoices of providers: which sessions a provider bills a school for, held against the ledger; 三(五)."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Count, Fen, Identifier, Period, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault


class InvoiceLine(Record, frozen=True):
    """What is billed: one session by its id, or a number of sessions, of one person or of all on one day or in all."""

    session_id: Identifier | None = None
    billed_on: date | None = None
    staff_id: Identifier | None = None
    sessions: Count | None = None
    pupils: Count | None = None
    amount_fen: Fen | None = None


class ProviderInvoice(Record, frozen=True):
    """One invoice. `period` is `YYYY-MM` or a term_id."""

    school_id: SchoolId
    invoice_id: Identifier
    provider_id: Identifier
    period: Period
    lines: tuple[InvoiceLine, ...]
    reason: Text | None = None


def _faults(invoice: ProviderInvoice, known: Known, at: Pointer) -> Iterable[Fault]:
    if invoice.provider_id not in known.providers:
        yield Fault(at("provider_id"), "unknown_provider", {"provider_id": invoice.provider_id})
    for place, line in enumerate(invoice.lines):
        if line.staff_id is not None and line.staff_id not in known.staff:
            yield Fault(at("lines", place, "staff_id"), "unknown_staff", {"staff_id": line.staff_id})


PROVIDER_INVOICES = Resource(
    "provider-invoices",
    ProviderInvoice,
    key=("invoice_id",),
    faults=_faults,
    staff_named=lambda invoice: (line.staff_id for line in invoice.lines if line.staff_id is not None),
    providers_named=lambda invoice: (invoice.provider_id,),
)

router = entry_router(PROVIDER_INVOICES, scope="documents.write")
