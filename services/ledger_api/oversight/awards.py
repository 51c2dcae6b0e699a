"""Awards (评优): which school or person was honoured for a school year; 三(七) says who may not be."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault


class Award(Record, frozen=True):
    """One award of a school, or of a person of it (`staff_id`)."""

    school_id: SchoolId
    award_id: Identifier
    academic_year: AcademicYear
    title: Text | None = None
    staff_id: Identifier | None = None
    awarded_on: date | None = None
    withdrawn_on: date | None = None
    reason: Text | None = None


def _faults(award: Award, known: Known, at: Pointer) -> Iterable[Fault]:
    if award.staff_id is not None and award.staff_id not in known.staff:
        yield Fault(at("staff_id"), "unknown_staff", {"staff_id": award.staff_id})


AWARDS = Resource(
    "awards",
    Award,
    key=("award_id",),
    faults=_faults,
    staff_named=lambda award: () if award.staff_id is None else (award.staff_id,),
)

router = entry_router(AWARDS, scope="oversight.write")
