"""Groups (领导小组、工作组): who answers for the service in a school, and which offices look into it together; 一(一), 三(五).

A school's own is under the school; the bureau's working group belongs to no school, and stands under `district`.
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
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault, Refused
from shared.vocabulary import GroupKind, GroupRole, Office


class GroupMember(Record, frozen=True):
    """One in it: an office of the district, or a person of the school; `post`: as what (校长、党组织书记、台账员 …)."""

    office: Office | None = None
    staff_id: Identifier | None = None
    role: GroupRole = "member"
    post: Text | None = None


class Group(Record, frozen=True):
    """A leading or working group as it was appointed; without a school, the bureau's of a school year."""

    group_id: Identifier
    members: Annotated[tuple[GroupMember, ...], Meta(max_length=100)]
    kind: GroupKind = "working"
    school_id: SchoolId | None = None
    academic_year: AcademicYear | None = None
    appointed_on: date | None = None
    document: Text | None = None
    attachments: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    dissolved_on: date | None = None
    reason: Text | None = None


def _faults(group: Group, known: Known, at: Pointer) -> Iterable[Fault]:
    first_seen: dict[str, int] = {}
    for place, member in enumerate(group.members):
        who = member.office or member.staff_id
        if who is None:
            field = "office" if group.school_id is None else "staff_id"
            yield Fault(at("members", place, field), "missing_field", {"field": field})
            continue
        before = first_seen.setdefault(who, place)
        if before != place:
            field = "office" if member.office is not None else "staff_id"
            yield Fault(at("members", place, field), "repeated_key", {"key": who, "first": before})
        if member.staff_id is not None and member.staff_id not in known.staff:
            yield Fault(at("members", place, "staff_id"), "unknown_staff", {"staff_id": member.staff_id})
    if group.school_id is None and group.academic_year is None:
        yield Fault(at("academic_year"), "missing_field", {"field": "academic_year"})


async def _before(_ledger: LedgerWriterOfFacts, decoded: Decoded[Any], sender: Sender) -> Decoded[Any]:
    """Raises Refused (403): the district's group is the bureau's to appoint."""
    if not sender.caller.visible.district and any(group.school_id is None for group in decoded.records):
        raise Refused("district_only", resource="groups")
    return decoded


GROUPS = Resource(
    "groups",
    Group,
    key=("group_id",),
    home="school_id_or_district",
    faults=_faults,
    staff_named=lambda group: (member.staff_id for member in group.members if member.staff_id is not None),
)

# A school appoints its own, the bureau the district's.
router = entry_router(GROUPS, scope="documents.write", or_scope="oversight.write", before=_before)
