"""Activities (课程活动目录): what a school offers, for whom, whose it is, and whether the district let it in; 一(一)1, 一(一)3, 三(四)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import ActivityPurpose, ActivitySource, Category, Development, Office

Grade = Annotated[int, Meta(ge=1, le=9)]


class Activity(Record, frozen=True):
    """One activity of the catalogue. `title`: as its sessions name it.

    `admitted_by` let one from outside in, from `admitted_on` to `admitted_to`, both in it.
    """

    school_id: SchoolId
    activity_id: Identifier
    title: Text
    category: Category
    grades: Annotated[tuple[Grade, ...], Meta(max_length=9)] = ()
    objective: Text | None = None
    source: ActivitySource = "in_school"
    provider_id: Identifier | None = None
    platform: Text | None = None
    development: Development | None = None
    developers: Annotated[tuple[Identifier, ...], Meta(max_length=100)] = ()
    shared_with: Annotated[tuple[SchoolId, ...], Meta(max_length=500)] = ()
    purposes: Annotated[tuple[ActivityPurpose, ...], Meta(max_length=10)] = ()
    active_from: date | None = None
    active_to: date | None = None
    admitted_by: Office | None = None
    admitted_on: date | None = None
    admitted_to: date | None = None
    attachments: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    reason: Text | None = None


def _faults(activity: Activity, known: Known, at: Pointer) -> Iterable[Fault]:
    if activity.provider_id is not None and activity.provider_id not in known.providers:
        yield Fault(at("provider_id"), "unknown_provider", {"provider_id": activity.provider_id})
    for place, staff_id in enumerate(activity.developers):
        if staff_id not in known.staff:
            yield Fault(at("developers", place), "unknown_staff", {"staff_id": staff_id})
    for first, last in (("active_from", "active_to"), ("admitted_on", "admitted_to")):
        starts, ends = getattr(activity, first), getattr(activity, last)
        if starts is not None and ends is not None and ends < starts:
            yield Fault(at(last), "ends_before_it_starts", {"starts": starts, "ends": ends})


ACTIVITIES = Resource(
    "activities",
    Activity,
    key=("activity_id",),
    faults=_faults,
    staff_named=lambda activity: activity.developers,
    providers_named=lambda activity: () if activity.provider_id is None else (activity.provider_id,),
)

router = entry_router(ACTIVITIES, scope="registers.write")
