"""Inspections (抽查、检查、飞行检查): who went where, what they looked at and saw, what they concluded; 二(二), 三(五)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Count, Identifier, Label, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import InspectionKind, Office

# Inside the record, `date` is the field.
Day = date
# A school is not told of a visit before it, and reads none of this yet.
READERS = frozenset({"centre", "bureau", "auditor"})


class ChecklistItem(Record, frozen=True):
    """One thing that was looked at, the result, and what shows it.

    `item`: of those that the notice names `ledger`, `collective_deliberation`, `publication_procedure` (工作台账、集体审议、校内公示程序).
    """

    item: Label
    result: Text
    evidence: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    note: Text | None = None


class ObservedSession(Record, frozen=True):
    """One session as the inspectors saw it, by its id or by its slot and room."""

    session_id: Identifier | None = None
    slot: Label | None = None
    room: Label | None = None
    observed_headcount: Count | None = None
    staff_present: tuple[Identifier, ...] | None = None
    remark: Text | None = None


class Inspection(Record, frozen=True):
    """One visit to one school. It is entered once it is under way, so that no record speaks of it before.

    `office`: whose visit it is; a nine-year school is visited by the centre of each stage. `campaign_id`: of the
    working group's campaign. `conclusion`: a visit without one is not finished.
    """

    school_id: SchoolId
    inspection_id: Identifier
    kind: InspectionKind
    date: date
    team: tuple[Text, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    observed: tuple[ObservedSession, ...] = ()
    office: Office | None = None
    campaign_id: Identifier | None = None
    conclusion: Text | None = None
    reason: Text | None = None

    @property
    def service_date(self) -> Day:
        """The day it bears on."""
        return self.date


def _faults(inspection: Inspection, known: Known, at: Pointer) -> Iterable[Fault]:
    if inspection.date > datetime.now(ZoneInfo("Asia/Shanghai")).date():
        yield Fault(
            at("date"), "invalid_value", {"reason": "an inspection is entered once it is under way, not before"}
        )
    term = known.calendar.term_of(inspection.date)
    for place, seen in enumerate(inspection.observed):
        if seen.session_id is None and (seen.slot is None or seen.room is None):
            yield Fault(at("observed", place, "session_id"), "missing_field", {"field": "session_id"})
        slots = known.rolls[inspection.school_id].slots
        if seen.slot is not None and term is not None and (term.term_id, seen.slot) not in slots:
            yield Fault(at("observed", place, "slot"), "unknown_slot", {"slot": seen.slot})
        for number, staff_id in enumerate(seen.staff_present or ()):
            if staff_id not in known.staff:
                yield Fault(at("observed", place, "staff_present", number), "unknown_staff", {"staff_id": staff_id})


INSPECTIONS = Resource(
    "inspections",
    Inspection,
    key=("inspection_id",),
    faults=_faults,
    staff_named=lambda inspection: (staff_id for seen in inspection.observed for staff_id in seen.staff_present or ()),
)

router = entry_router(INSPECTIONS, scope="oversight.write", readers=READERS)
