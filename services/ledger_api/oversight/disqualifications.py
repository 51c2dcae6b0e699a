"""Disqualifications (取消年度评优资格): who may not be honoured in a school year, by which decision; 三(七)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault

# On record, restricted: sanctions of persons are no school system's to read.
READERS = frozenset({"centre", "bureau", "auditor"})


class Disqualification(Record, frozen=True):
    """One decision about a school, or about a person of it (`staff_id`); `annulled_on` when it was taken back."""

    school_id: SchoolId
    disqualification_id: Identifier
    academic_year: AcademicYear
    decided_on: date
    staff_id: Identifier | None = None
    decided_by: Identifier | None = None
    basis: Text | None = None
    finding_ids: Annotated[tuple[Text, ...], Meta(max_length=1000)] = ()
    annulled_on: date | None = None
    reason: Text | None = None


def _faults(decision: Disqualification, known: Known, at: Pointer) -> Iterable[Fault]:
    if decision.staff_id is not None and decision.staff_id not in known.staff:
        yield Fault(at("staff_id"), "unknown_staff", {"staff_id": decision.staff_id})


DISQUALIFICATIONS = Resource(
    "disqualifications",
    Disqualification,
    key=("school_id", "disqualification_id"),
    home="office",
    faults=_faults,
    staff_named=lambda decision: () if decision.staff_id is None else (decision.staff_id,),
)

router = entry_router(DISQUALIFICATIONS, scope="oversight.write", writers=frozenset({"bureau"}), readers=READERS)
