"""Evaluations (学期质量评价): how good a term's service was, and what is done about what it found; 一(一)6."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, TermId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import LABEL


class Action(Record, frozen=True):
    """One thing that will be improved: what, until when, and when it was."""

    action: Text
    due_on: date | None = None
    done_on: date | None = None


class Grade(Record, frozen=True):
    """How good one person's service was, in the school's own words; the allocation plan may weigh it (factors.quality)."""

    staff_id: Identifier
    quality: Annotated[str, Meta(pattern=LABEL)]


class Evaluation(Record, frozen=True):
    """The quality evaluation of one term with what it found and the improvements that follow from it."""

    school_id: SchoolId
    evaluation_id: Identifier
    term_id: TermId
    evaluated_on: date | None = None
    findings: tuple[Text, ...] = ()
    actions: tuple[Action, ...] = ()
    grades: Annotated[tuple[Grade, ...], Meta(max_length=1000)] = ()
    conclusion: Text | None = None
    reason: Text | None = None


def _faults(evaluation: Evaluation, known: Known, at: Pointer) -> Iterable[Fault]:
    if evaluation.term_id not in {term.term_id for term in known.calendar.terms}:
        yield Fault(at("term_id"), "unknown_term", {"term_id": evaluation.term_id})
    first_seen: dict[str, int] = {}
    for place, grade in enumerate(evaluation.grades):
        if grade.staff_id not in known.staff:
            yield Fault(at("grades", place, "staff_id"), "unknown_staff", {"staff_id": grade.staff_id})
        before = first_seen.setdefault(grade.staff_id, place)
        if before != place:
            yield Fault(at("grades", place, "staff_id"), "repeated_key", {"key": grade.staff_id, "first": before})


EVALUATIONS = Resource(
    "evaluations",
    Evaluation,
    key=("evaluation_id",),
    faults=_faults,
    staff_named=lambda evaluation: (grade.staff_id for grade in evaluation.grades),
)

router = entry_router(EVALUATIONS, scope="documents.write")
