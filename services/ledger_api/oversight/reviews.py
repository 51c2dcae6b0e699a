"""Reviews (审核): what the stage centre decided about a school's submission or plan, line by line where it did; 二(一), 二(三)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import ClassHours, Fen, Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import ReviewDecision


class ReviewLine(Record, frozen=True):
    """What was decided about one person; a person without a line is accepted as submitted."""

    staff_id: Identifier
    class_hours: ClassHours | None = None
    amount_fen: Fen | None = None
    why: Text | None = None


class Review(Record, frozen=True):
    """One decision about one submission, by a scheme of the centre; or about one plan, which it may give a filing number."""

    school_id: SchoolId
    review_id: Identifier
    decision: ReviewDecision
    reviewed_on: date
    submission_id: Identifier | None = None
    plan_id: Identifier | None = None
    scheme_id: Identifier | None = None
    filing_number: Text | None = None
    reviewed_by: Identifier | None = None
    lines: Annotated[tuple[ReviewLine, ...], Meta(max_length=5000)] = ()
    comments: Text | None = None
    reason: Text | None = None


def _faults(review: Review, known: Known, at: Pointer) -> Iterable[Fault]:
    if review.submission_id is None and review.plan_id is None:
        yield Fault(at("submission_id"), "missing_field", {"field": "submission_id"})
    if review.submission_id is not None and review.plan_id is not None:
        yield Fault(at("plan_id"), "invalid_value", {"reason": "a review is of a submission or of a plan, not of both"})
    first_seen: dict[str, int] = {}
    for place, line in enumerate(review.lines):
        before = first_seen.setdefault(line.staff_id, place)
        if before != place:
            yield Fault(at("lines", place, "staff_id"), "repeated_key", {"key": line.staff_id, "first": before})
        if line.staff_id not in known.staff:
            yield Fault(at("lines", place, "staff_id"), "unknown_staff", {"staff_id": line.staff_id})


REVIEWS = Resource(
    "reviews",
    Review,
    key=("review_id",),
    faults=_faults,
    staff_named=lambda review: (line.staff_id for line in review.lines),
)

router = entry_router(REVIEWS, scope="oversight.write")
