"""Evaluations (学期质量评价): how good a term's service was, and what is done about what it found; 一(一)6."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, TermId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault


class Action(Record, frozen=True):
    """One thing that will be improved: what, until when, and when it was."""

    action: Text
    due_on: date | None = None
    done_on: date | None = None


class Evaluation(Record, frozen=True):
    """The quality evaluation of one term with what it found and the improvements that follow from it."""

    school_id: SchoolId
    evaluation_id: Identifier
    term_id: TermId
    evaluated_on: date | None = None
    findings: tuple[Text, ...] = ()
    actions: tuple[Action, ...] = ()
    conclusion: Text | None = None
    reason: Text | None = None


def _faults(evaluation: Evaluation, known: Known, at: Pointer) -> Iterable[Fault]:
    if evaluation.term_id not in {term.term_id for term in known.calendar.terms}:
        yield Fault(at("term_id"), "unknown_term", {"term_id": evaluation.term_id})


EVALUATIONS = Resource("evaluations", Evaluation, key=("evaluation_id",), faults=_faults)

router = entry_router(EVALUATIONS, scope="documents.write")
