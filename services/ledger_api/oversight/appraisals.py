"""Appraisals (绩效考核): how a school did in a year, what people said, and which schemes were told the result; 二(四), 三(一)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer, is_number
from services.ledger_api.ingest.payload import AcademicYear, Count, Identifier, Label, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import APPRAISAL
from shared.problems import Fault
from shared.vocabulary import AppraisalScheme, FeedbackAudience

Points = Annotated[Decimal, Meta(description="0 to 100, at most two decimals")]


class Score(Record, frozen=True):
    """What an indicator of the set came to."""

    indicator: Label
    score: Points
    note: Text | None = None


class Feedback(Record, frozen=True):
    """One collection of what pupils or parents said: how many were asked and answered; nobody's name."""

    audience: FeedbackAudience
    collected_on: date
    channel: Text | None = None
    asked: Count | None = None
    answered: Count | None = None


class Transfer(Record, frozen=True):
    """The result went to one of the four schemes of 三(一)."""

    scheme: AppraisalScheme
    transferred_on: date
    received_by: Identifier | None = None


class Appraisal(Record, frozen=True):
    """One school's appraisal of one school year. `inputs`: the inspections, rectifications and findings it rests on."""

    school_id: SchoolId
    appraisal_id: Identifier
    academic_year: AcademicYear
    indicator_set_id: Identifier | None = None
    started_on: date | None = None
    scores: Annotated[tuple[Score, ...], Meta(max_length=200)] = ()
    score: Points | None = None
    data_submission_score: Points | None = None
    grade: Label | None = None
    inputs: Annotated[tuple[Text, ...], Meta(max_length=5000)] = ()
    feedback: Annotated[tuple[Feedback, ...], Meta(max_length=100)] = ()
    communicated_on: date | None = None
    finalised_on: date | None = None
    transfers: Annotated[tuple[Transfer, ...], Meta(max_length=10)] = ()
    reason: Text | None = None


def _faults(appraisal: Appraisal, _known: Known, at: Pointer) -> Iterable[Fault]:
    points = [(("scores", place, "score"), each.score) for place, each in enumerate(appraisal.scores)]
    points += [((name,), getattr(appraisal, name)) for name in ("score", "data_submission_score")]  # type: ignore[misc]
    for steps, value in points:
        if value is not None and not is_number(value, at_most=100, decimals=2):
            yield Fault(at(*steps), "invalid_value", {"reason": "a score is 0 to 100, with at most two decimals"})


APPRAISALS = Resource("appraisals", Appraisal, key=("appraisal_id",), faults=_faults)

router = entry_router(APPRAISALS, scope="oversight.write", machine=APPRAISAL)
