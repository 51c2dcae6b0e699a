"""Leaves of staff: who was away when; a claim inside one is looked at by the audit."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer, is_number
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import LeaveKind


class Leave(Record, frozen=True):
    """One leave, both ends in it; kept with the school that registered the person unless another is named."""

    staff_id: Identifier
    starts_on: date
    ends_on: date
    kind: LeaveKind
    hours: Decimal | None = None
    school_id: SchoolId | None = None


def _faults(leave: Leave, known: Known, at: Pointer) -> Iterable[Fault]:
    if leave.staff_id not in known.staff:
        yield Fault(at("staff_id"), "unknown_staff", {"staff_id": leave.staff_id})
    if leave.hours is not None and not is_number(leave.hours, at_most=24 * 400, decimals=2):
        yield Fault(at("hours"), "invalid_value", {"reason": "hours are a number ≥ 0 with at most two decimals"})
    if leave.ends_on < leave.starts_on:
        yield Fault(at("ends_on"), "ends_before_it_starts", {"starts": leave.starts_on, "ends": leave.ends_on})


LEAVES = Resource(
    "leaves",
    Leave,
    key=("staff_id", "starts_on"),
    home="staff_id",
    faults=_faults,
    staff_named=lambda leave: (leave.staff_id,),
)

router = entry_router(LEAVES, scope="registers.write")
