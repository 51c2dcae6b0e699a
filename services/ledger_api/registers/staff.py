"""Staff (参与人员): everyone who may work a class hour, their kind, their school, since when; 一(一)4."""

from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.vocabulary import QualificationType, StaffKind


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
    name: Text | None = None
    provider_id: Identifier | None = None
    qualifications: tuple[Qualification, ...] = ()
    active_from: date | None = None
    active_to: date | None = None


STAFF = Resource("staff", StaffMember, key=("staff_id",))

router = entry_router(STAFF, scope="registers.write")
