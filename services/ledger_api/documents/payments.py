"""Payments (发放): what each person was really paid for a month or a term; 一(二)3."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Fen, Identifier, Period, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault


class PaymentLine(Record, frozen=True):
    """What one person was paid, in fen, and when."""

    staff_id: Identifier
    amount_fen: Fen
    paid_on: date | None = None


class Payment(Record, frozen=True):
    """One pay run. `period` is `YYYY-MM` or a term_id."""

    school_id: SchoolId
    payment_id: Identifier
    period: Period
    lines: tuple[PaymentLine, ...]
    reason: Text | None = None


def _faults(payment: Payment, known: Known, at: Pointer) -> Iterable[Fault]:
    for place, line in enumerate(payment.lines):
        if line.staff_id not in known.staff:
            yield Fault(at("lines", place, "staff_id"), "unknown_staff", {"staff_id": line.staff_id})


PAYMENTS = Resource(
    "payments",
    Payment,
    key=("payment_id",),
    faults=_faults,
    staff_named=lambda payment: (line.staff_id for line in payment.lines),
)

router = entry_router(PAYMENTS, scope="documents.write")
