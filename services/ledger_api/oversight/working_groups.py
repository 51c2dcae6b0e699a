"""Working groups (工作组): which offices look into the schools' service together, and which of them lead; 三(五)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Record, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import GroupRole, Office


class GroupMember(Record, frozen=True):
    """An office in it."""

    office: Office
    role: GroupRole = "member"


class WorkingGroup(Record, frozen=True):
    """The group of one school year, as it was appointed."""

    group_id: Identifier
    academic_year: AcademicYear
    members: Annotated[tuple[GroupMember, ...], Meta(max_length=100)]
    appointed_on: date | None = None
    document: Text | None = None
    dissolved_on: date | None = None
    reason: Text | None = None


def _faults(group: WorkingGroup, _known: Known, at: Pointer) -> Iterable[Fault]:
    first_seen: dict[str, int] = {}
    for place, member in enumerate(group.members):
        before = first_seen.setdefault(member.office, place)
        if before != place:
            yield Fault(at("members", place, "office"), "repeated_key", {"key": member.office, "first": before})


WORKING_GROUPS = Resource(
    "working-groups",
    WorkingGroup,
    key=("group_id",),
    home="district",
    faults=_faults,
    # It binds no school, and is the bureau's alone.
    schools_bound=lambda _group: None,
)

router = entry_router(WORKING_GROUPS, scope="oversight.write")
