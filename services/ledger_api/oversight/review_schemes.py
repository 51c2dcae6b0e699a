"""Review schemes (审核方案): what a stage centre asks of its schools' statistics, and by which standards; 二(三)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import AcademicYear, Identifier, Record, Sha256, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import Stage


class ReviewScheme(Record, frozen=True):
    """One version of a centre's scheme, in force from `effective_from` (the day it was approved, where it says none)."""

    stage: Stage
    scheme_id: Identifier
    approved_on: date
    academic_year: AcademicYear | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    requirements: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    standards: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    content_hash: Sha256 | None = None
    reason: Text | None = None


def _faults(scheme: ReviewScheme, _known: Known, at: Pointer) -> Iterable[Fault]:
    starts = scheme.effective_from or scheme.approved_on
    if scheme.effective_to is not None and scheme.effective_to < starts:
        yield Fault(at("effective_to"), "ends_before_it_starts", {"starts": starts, "ends": scheme.effective_to})


REVIEW_SCHEMES = Resource(
    "review-schemes",
    ReviewScheme,
    key=("stage", "scheme_id"),
    home="district",
    faults=_faults,
)

router = entry_router(REVIEW_SCHEMES, scope="oversight.write")
