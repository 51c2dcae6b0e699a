"""Staff (参与人员): everyone who may work a class hour, their kind, their school, since when; 一(一)4."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import PERSON
from shared.problems import Fault
from shared.vocabulary import QualificationType, StaffKind, StaffPost


class Qualification(Record, frozen=True):
    """A document that was checked: its kind, when, and until when it holds. The number is kept as a hash only."""

    type: QualificationType
    verified_on: date
    number_hash: Text | None = None
    valid_to: date | None = None


class StaffMember(Record, frozen=True):
    """One person; those of a provider name it."""

    staff_id: Identifier
    school_id: SchoolId
    kind: StaffKind
    post: StaffPost | None = None
    name: Text | None = None
    provider_id: Identifier | None = None
    qualifications: tuple[Qualification, ...] = ()
    active_from: date | None = None
    active_to: date | None = None


def _faults(member: StaffMember, known: Known, at: Pointer) -> Iterable[Fault]:
    if member.provider_id is not None and member.provider_id not in known.providers:
        yield Fault(at("provider_id"), "unknown_provider", {"provider_id": member.provider_id})


STAFF = Resource(
    "staff",
    StaffMember,
    key=("staff_id",),
    faults=_faults,
    providers_named=lambda member: () if member.provider_id is None else (member.provider_id,),
)

router = entry_router(STAFF, scope="registers.write", machine=PERSON)
