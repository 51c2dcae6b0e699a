"""Plans (一校一方案): a school's service plan for a year, filed with its stage centre; 一(一), 二(一)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.procedures import PLAN
from shared.problems import Fault

# A section of a plan, not the paper: that is an attachment.
Passage = Annotated[str, Meta(max_length=20_000, pattern=r"^[^\x00]*$")]


class Plan(Record, frozen=True):
    """One version of the plan. `submitted_on`: when it went to the centre, whose answer is a review that names it."""

    school_id: SchoolId
    plan_id: Identifier
    academic_year: AcademicYear
    version: Annotated[int, Meta(ge=1, le=1000)] = 1
    implementation: Passage | None = None
    process: Passage | None = None
    safeguards: Passage | None = None
    groups: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    schedule: Passage | None = None
    attachments: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    content_hash: Sha256 | None = None
    deliberation_id: Identifier | None = None
    adopted_on: date | None = None
    submitted_on: date | None = None
    reason: Text | None = None


def _faults(plan: Plan, _known: Known, at: Pointer) -> Iterable[Fault]:
    if plan.adopted_on is not None and plan.submitted_on is not None and plan.submitted_on < plan.adopted_on:
        yield Fault(at("submitted_on"), "ends_before_it_starts", {"starts": plan.adopted_on, "ends": plan.submitted_on})


PLANS = Resource("plans", Plan, key=("plan_id",), faults=_faults)

router = entry_router(PLANS, scope="documents.write", machine=PLAN)
