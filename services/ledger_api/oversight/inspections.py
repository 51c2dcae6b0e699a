"""Inspections (抽查、检查、飞行检查): who went where, what they looked at and saw, what they concluded; 二(二), 三(五).

A visit that has not begun is in the chain of the office that plans it, which no school reads: neither the school's records
nor its chain tell of it. Once the inspectors have arrived it is entered in the school's own chain, and the school reads it.
What they counted stands at once beside what the ledger has.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from msgspec import Meta
from pydantic import Field

from services.ledger_api.dependencies import BulkOptions, Ledger, LedgerReader, Writer, receive
from services.ledger_api.entries import body_schema, entry_router, refuse_missing_papers
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import Count, Identifier, Instant, Label, Record, SchoolId, Text
from services.ledger_api.ingest.receipt import Receipt
from services.ledger_api.ingest.resource import Resource
from shared.asgi import requires
from shared.database import Statement, reading
from shared.problems import Fault, Invalid, Refused
from shared.vocabulary import InspectionKind, Office

# Inside the record, `date` is the field.
Day = date
SHANGHAI = ZoneInfo("Asia/Shanghai")
# 二(二): 重点检查工作台账、集体审议以及校内公示程序; a visit without their results and evidence is not whole.
MANDATORY_ITEMS = ("ledger", "collective_deliberation", "publication_procedure")
# Of a request with more visits, each is asked for its own.
RECONCILED_AT_ONCE = 20


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


class Questionnaire(Record, frozen=True):
    """One group of people that was asked, how many answered, and what came of it; nobody's name."""

    audience: Label
    asked: Count
    answered: Count
    results: Annotated[tuple[Text, ...], Meta(max_length=200)] = ()


class Interview(Record, frozen=True):
    """One conversation: with whom (a function or a group, no name), about what, and what was said."""

    audience: Label
    topic: Text | None = None
    people: Count | None = None
    notes: Text | None = None


class Inspection(Record, frozen=True):
    """One visit to one school.

    It has begun when the inspectors have arrived (`arrived_at`), or when they have seen something; an unannounced one of today
    that says neither, and any of a later day, is only planned. `office`: whose visit it is; a nine-year school is visited by
    the centre of each stage. `campaign_id`: of the working group's campaign. `conclusion`: a visit without one is not finished.
    """

    school_id: SchoolId
    inspection_id: Identifier
    kind: InspectionKind
    date: date
    team: tuple[Text, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    observed: tuple[ObservedSession, ...] = ()
    questionnaires: Annotated[tuple[Questionnaire, ...], Meta(max_length=50)] = ()
    interviews: Annotated[tuple[Interview, ...], Meta(max_length=200)] = ()
    arrived_at: Instant | None = None
    attachments: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    office: Office | None = None
    campaign_id: Identifier | None = None
    conclusion: Text | None = None
    reason: Text | None = None

    @property
    def service_date(self) -> Day | None:
        """The day it bears on."""
        return self.date

    @property
    def has_seen(self) -> bool:
        """Whether anything of it is a result."""
        return bool(self.checklist or self.observed or self.questionnaires or self.interviews or self.conclusion)

    def is_planned(self, today: Day) -> bool:
        """Whether it has not begun yet."""
        if self.arrived_at is not None or self.has_seen or self.date < today:
            return False
        return self.date > today or self.kind == "unannounced"


class PlannedInspection(Inspection, frozen=True):
    """A visit that has not begun: it bears on no day yet."""

    @property
    def service_date(self) -> None:
        """No day."""
        return


class InspectionReceipt(Receipt):
    """The receipt, and what was seen beside what the ledger has."""

    reconciliations: list[dict[str, Any]] = Field(default_factory=list)


def _today() -> date:
    return datetime.now(SHANGHAI).date()


def _faults(inspection: Inspection, known: Known, at: Pointer) -> Iterable[Fault]:
    if inspection.date > _today():
        yield Fault(at("date"), "invalid_value", {"reason": "nothing is seen before the day of the visit"})
    arrived_at = inspection.arrived_at
    if arrived_at is not None and (
        arrived_at > datetime.now(UTC) or arrived_at.astimezone(SHANGHAI).date() != inspection.date
    ):
        yield Fault(
            at("arrived_at"), "invalid_value", {"reason": "the arrival is on the day of the visit, and not to come"}
        )
    for place, asked in enumerate(inspection.questionnaires):
        if asked.answered > asked.asked:
            reason = f"{asked.answered} of {asked.asked} cannot have answered"
            yield Fault(at("questionnaires", place, "answered"), "invalid_value", {"reason": reason})
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


def _papers(inspection: Inspection) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for place, paper in enumerate(inspection.attachments):
        yield ("attachments", place), paper
    for place, item in enumerate(inspection.checklist):
        for number, paper in enumerate(item.evidence):
            yield ("checklist", place, "evidence", number), paper


INSPECTIONS = Resource(
    "inspections",
    Inspection,
    key=("inspection_id",),
    planned_as="planned-inspections",
    faults=_faults,
    staff_named=lambda inspection: (staff_id for seen in inspection.observed for staff_id in seen.staff_present or ()),
    papers_named=_papers,
)
PLANNED_INSPECTIONS = Resource(
    "planned-inspections", PlannedInspection, key=("school_id", "inspection_id"), home="office", papers_named=_papers
)

router = APIRouter(prefix="/v1/inspections", tags=["inspections"])

_SEEN = Statement.from_file(Path(__file__).with_suffix(".sql"))
_VISIT = """
    select kind, inspected_on, checklist, conclusion
    from ledger.inspection
    where school_id = $1 and inspection_id = $2
"""


@router.post(
    "",
    response_model=InspectionReceipt,
    dependencies=[Depends(requires("oversight.write"))],
    openapi_extra=body_schema(Inspection),
)
async def post_inspections(request: Request, caller: Writer, ledger: Ledger, bulk: BulkOptions) -> Response:
    """Record visits, planned or begun; of those that have begun the answer shows what was seen beside the ledger."""
    return await receive(
        request,
        caller,
        ledger,
        resource=INSPECTIONS.name,
        choose=lambda _raw: Inspection,
        append=lambda decoded, sender: _append(ledger, decoded, sender),
        bulk=bulk,
    )


# Before the visit itself, whose key would take it in.
@router.get("/{school_id}/{inspection_id}/reconciliation", response_model=None)
async def get_reconciliation(school_id: str, inspection_id: str, caller: LedgerReader, ledger: Ledger) -> Response:
    """What the inspectors saw, session by session, beside what the ledger has now; and what the visit still lacks."""
    async with reading(ledger.pool, caller.visible) as connection:
        found = await _reconciled(connection, school_id, inspection_id)
    if found is None:
        raise Refused("not_found")
    return Response(msgspec.json.encode(found), media_type="application/json")


entry_router(INSPECTIONS, scope="oversight.write", onto=router)


async def _append(ledger: LedgerWriterOfFacts, decoded: Decoded[Inspection], sender: Sender) -> Receipt:
    """To the office's chain what is planned, to the school's what has begun; one kind a request, so that it is all or nothing."""
    today = _today()
    planned = [index for index, visit in enumerate(decoded.records) if visit.is_planned(today)]
    await refuse_missing_papers(INSPECTIONS, ledger, decoded, sender)
    if planned and len(planned) < len(decoded.records):
        reason = "a visit that has not begun is sent apart from those that have"
        raise Invalid([Fault(decoded.pointer(index, "date"), "invalid_value", {"reason": reason}) for index in planned])
    if planned:
        ahead = [PlannedInspection(**msgspec.structs.asdict(visit)) for visit in decoded.records]
        return await ledger.append_entries(
            PLANNED_INSPECTIONS,
            Decoded(ahead, decoded.shape, decoded.places, decoded.texts, decoded.rows, decoded.rejected),
            sender,
        )
    receipt = await ledger.append_entries(INSPECTIONS, decoded, sender)
    reconciliations = []
    if not sender.dry_run:
        async with reading(ledger.pool, sender.caller.visible) as connection:
            for visit in decoded.records[:RECONCILED_AT_ONCE]:
                found = await _reconciled(connection, visit.school_id, visit.inspection_id)
                reconciliations += [found] if found is not None and found["observed"] else []
    return InspectionReceipt(**receipt.model_dump(), reconciliations=reconciliations)


async def _reconciled(connection: asyncpg.Connection, school_id: str, inspection_id: str) -> dict[str, Any] | None:
    """One visit's sessions beside the ledger's; None where there is no such visit, or none that has begun."""
    visit = await connection.fetchrow(_VISIT, school_id, inspection_id)
    if visit is None:
        return None
    rows = await _SEEN.fetch(connection, school_id=school_id, inspection_id=inspection_id)
    return {
        "school_id": school_id,
        "inspection_id": inspection_id,
        "kind": visit["kind"],
        "date": visit["inspected_on"],
        "observed": [_beside(row) for row in rows],
        "missing_items": _missing_items(msgspec.json.decode(visit["checklist"])),
        "concluded": visit["conclusion"] is not None,
    }


def _beside(row: asyncpg.Record) -> dict[str, Any]:
    """One session as it was seen and as the ledger has it; what cannot be compared is null."""
    in_ledger = row["session_id"] is not None
    held = row["state"] == "held"
    claimed: Sequence[str] = row["staff_ids"] or () if held else ()
    seen_staff: Sequence[str] | None = row["staff_present"]
    headcount = row["observed_headcount"]
    difference = headcount - row["headcount"] if held and headcount is not None else None
    not_seen = None if seen_staff is None else sorted(set(claimed) - set(seen_staff))
    not_in_ledger = None if seen_staff is None else sorted(set(seen_staff) - set(claimed))
    return {
        "session_id": row["session_id"] or row["said_session_id"],
        "slot": row["slot"],
        "room": row["room"],
        "seen": {"headcount": headcount, "staff": seen_staff},
        "ledger": {
            "state": row["state"],
            "headcount": row["headcount"],
            "on_the_roll": row["came"],
            "staff": list(row["staff_ids"] or ()),
            "record": row["record_key"],
            "recorded_at": row["recorded_at"],
            "sessions": row["sessions"],
        }
        if in_ledger
        else None,
        "headcount_difference": difference,
        "staff_not_seen": not_seen,
        "staff_not_in_ledger": not_in_ledger,
        "agrees": held and row["sessions"] == 1 and not difference and not not_seen and not not_in_ledger,
    }


def _missing_items(checklist: Sequence[dict[str, Any]]) -> list[str]:
    """The three mandatory items (二(二)) that have no result with evidence yet."""
    whole = {each["item"] for each in checklist if each["result"].strip() and each.get("evidence")}
    return [item for item in MANDATORY_ITEMS if item not in whole]
