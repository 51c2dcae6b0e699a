"""Campaigns (专项调研): the share of schools that the bureau's working group looks into each year, and how it chose; 三(五)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer, is_number
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import CampaignMethod

# The sample is sealed: who is in it does not know, nor who might tell them.
READERS = frozenset({"bureau", "auditor"})


class Notice(Record, frozen=True):
    """A school was told of its visit."""

    school_id: SchoolId
    notified_on: date


class Campaign(Record, frozen=True):
    """One campaign: whom it chose from whom, by which procedure and seed, and when that was sealed.

    Its visits are inspections that name it. `proportion`: the share of the population that it set out to reach.
    """

    campaign_id: Identifier
    academic_year: AcademicYear
    proportion: Annotated[Decimal, Meta(description="part of the schools, 0 to 1, at most four decimals")]
    methods: tuple[CampaignMethod, ...] = ()
    population: Annotated[tuple[SchoolId, ...], Meta(max_length=2000)] = ()
    sample: Annotated[tuple[SchoolId, ...], Meta(max_length=2000)] = ()
    selection: Text | None = None
    seed: Text | None = None
    sealed_on: date | None = None
    sample_hash: Sha256 | None = None
    notices: Annotated[tuple[Notice, ...], Meta(max_length=2000)] = ()
    reported_on: date | None = None
    reason: Text | None = None


def _faults(campaign: Campaign, _known: Known, at: Pointer) -> Iterable[Fault]:
    if not is_number(campaign.proportion, at_most=1, decimals=4):
        reason = "a proportion is 0 to 1, with at most four decimals"
        yield Fault(at("proportion"), "invalid_value", {"reason": reason})
    population = set(campaign.population)
    for place, school_id in enumerate(campaign.sample):
        if population and school_id not in population:
            yield Fault(at("sample", place), "invalid_value", {"reason": f"{school_id} is not in the population"})


CAMPAIGNS = Resource(
    "campaigns",
    Campaign,
    key=("campaign_id",),
    home="bureau",
    faults=_faults,
)

router = entry_router(CAMPAIGNS, scope="oversight.write", readers=READERS)
