"""Clawbacks (追回): what a school has to give back of the subsidy, by which decision, and what came back; 三(七).

A case rests on findings that people have confirmed, and no more comes back than was determined: anything else is refused.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import Fen, Identifier, Period, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import CLAWBACK
from shared.database import reading
from shared.problems import Fault, Invalid

Owed = Annotated[int, Meta(ge=0, le=10**12, description="an amount in fen")]


class ClawbackLine(Record, frozen=True):
    """One over-reported amount, of a person or of the school, and why."""

    amount_fen: Fen
    staff_id: Identifier | None = None
    period: Period | None = None
    why: Text | None = None


class Instalment(Record, frozen=True):
    """One part and its day, where it is given back in parts."""

    due_on: date
    amount_fen: Fen


class Recovery(Record, frozen=True):
    """What came back; a negative amount was returned to the school."""

    recovered_on: date
    amount_fen: Fen
    voucher: Text | None = None


class Referral(Record, frozen=True):
    """The case was handed on (区纪检部门): when and to whom."""

    referred_on: date
    receiver: Text | None = None


class Clawback(Record, frozen=True):
    """One case from what was determined to what came back. `ordered_on`: the decision; without one nothing is recovered."""

    school_id: SchoolId
    clawback_id: Identifier
    amount_fen: Owed
    determined_on: date
    finding_ids: Annotated[tuple[Text, ...], Meta(max_length=1000)] = ()
    lines: Annotated[tuple[ClawbackLine, ...], Meta(max_length=5000)] = ()
    legal_basis: Text | None = None
    ordered_on: date | None = None
    ordered_by: Identifier | None = None
    due_on: date | None = None
    instalments: Annotated[tuple[Instalment, ...], Meta(max_length=100)] = ()
    recovered: Annotated[tuple[Recovery, ...], Meta(max_length=1000)] = ()
    cancelled_on: date | None = None
    referral: Referral | None = None
    reason: Text | None = None


# A finding is as people decided last; that the data was corrected since undoes no decision.
_DECIDED = """
    select distinct on (disposition.finding_id) disposition.finding_id, disposition.state
    from ledger.disposition
    inner join audit.finding on finding.finding_id = disposition.finding_id
    where finding.school_id = $1 and disposition.finding_id = any ($2) and disposition.state is not null
    order by disposition.finding_id, disposition.number desc
"""


def _faults(clawback: Clawback, known: Known, at: Pointer) -> Iterable[Fault]:
    total_fen = 0
    for place, recovery in enumerate(clawback.recovered):
        total_fen += recovery.amount_fen
        if total_fen > clawback.amount_fen:
            values = {"recovered": total_fen, "determined": clawback.amount_fen}
            yield Fault(at("recovered", place, "amount_fen"), "beyond_determined", values)
            break
    for place, line in enumerate(clawback.lines):
        if line.staff_id is not None and line.staff_id not in known.staff:
            yield Fault(at("lines", place, "staff_id"), "unknown_staff", {"staff_id": line.staff_id})


async def _before(ledger: LedgerWriterOfFacts, decoded: Decoded[Any], sender: Sender) -> Decoded[Any]:
    """Raises Invalid where a case names no finding, or one that nobody has confirmed of the school."""
    faults = []
    async with reading(ledger.pool, sender.caller.visible) as connection:
        for index, clawback in enumerate(decoded.records):
            if not clawback.finding_ids:
                faults.append(Fault(decoded.pointer(index, "finding_ids"), "missing_field", {"field": "finding_ids"}))
            states = dict(await connection.fetch(_DECIDED, clawback.school_id, list(clawback.finding_ids)))
            faults += [
                Fault(
                    decoded.pointer(index, "finding_ids", place),
                    "finding_not_confirmed",
                    {"finding_id": finding_id, "state": states.get(finding_id, "—")},
                )
                for place, finding_id in enumerate(clawback.finding_ids)
                if states.get(finding_id) != "confirmed"
            ]
    if faults:
        raise Invalid(faults)
    return decoded


CLAWBACKS = Resource(
    "clawbacks",
    Clawback,
    key=("clawback_id",),
    faults=_faults,
    staff_named=lambda clawback: (line.staff_id for line in clawback.lines if line.staff_id is not None),
)

# The four offices of 三(七) are the bureau's.
router = entry_router(
    CLAWBACKS, scope="oversight.write", writers=frozenset({"bureau"}), machine=CLAWBACK, before=_before
)
