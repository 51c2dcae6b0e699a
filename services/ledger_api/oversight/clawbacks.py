"""Clawbacks (追回): what a school has to give back of the subsidy, by which decision, and what came back; 三(七)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Fen, Identifier, Period, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import CLAWBACK
from shared.problems import Fault

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


def _faults(clawback: Clawback, known: Known, at: Pointer) -> Iterable[Fault]:
    for place, line in enumerate(clawback.lines):
        if line.staff_id is not None and line.staff_id not in known.staff:
            yield Fault(at("lines", place, "staff_id"), "unknown_staff", {"staff_id": line.staff_id})


CLAWBACKS = Resource(
    "clawbacks",
    Clawback,
    key=("clawback_id",),
    faults=_faults,
    staff_named=lambda clawback: (line.staff_id for line in clawback.lines if line.staff_id is not None),
)

router = entry_router(CLAWBACKS, scope="oversight.write", machine=CLAWBACK)
