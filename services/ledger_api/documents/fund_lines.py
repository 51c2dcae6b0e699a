"""Lines of the special subsidy's book (专项经费): what came in and what was spent, on what, to whom; 三(六)."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Fen, Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import FundCategory, FundDirection, PayeeKind


class FundLine(Record, frozen=True):
    """One line of the book. `balance_fen`: what the book shows at the end of that day, where it shows it."""

    school_id: SchoolId
    line_id: Identifier
    booked_on: date
    direction: FundDirection
    category: FundCategory
    amount_fen: Fen
    voucher: Text | None = None
    payee_kind: PayeeKind | None = None
    staff_id: Identifier | None = None
    provider_id: Identifier | None = None
    balance_fen: Fen | None = None
    note: Text | None = None
    reason: Text | None = None


def _faults(line: FundLine, known: Known, at: Pointer) -> Iterable[Fault]:
    if line.staff_id is not None and line.staff_id not in known.staff:
        yield Fault(at("staff_id"), "unknown_staff", {"staff_id": line.staff_id})
    if line.provider_id is not None and line.provider_id not in known.providers:
        yield Fault(at("provider_id"), "unknown_provider", {"provider_id": line.provider_id})


FUND_LINES = Resource(
    "fund-lines",
    FundLine,
    key=("line_id",),
    faults=_faults,
    staff_named=lambda line: () if line.staff_id is None else (line.staff_id,),
    providers_named=lambda line: () if line.provider_id is None else (line.provider_id,),
)

router = entry_router(FUND_LINES, scope="documents.write")
