"""Surveys (征询): of families' wishes before they choose, and of how content pupils and parents are; 一(一)1, 二(四)."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Clock, Count, Identifier, Record, SchoolId, TermId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import SurveyKind


class Survey(Record, frozen=True):
    """One survey of a term: when it was open, how many were asked, how many answered and how many of them agree.

    `agreeing`: families who wish to take part, or who are content, by the kind of the survey. `work_ends_at`: when most of the
    parents who were asked for it end their work (一(一)1).
    """

    school_id: SchoolId
    survey_id: Identifier
    term_id: TermId
    kind: SurveyKind = "willingness"
    opened_on: date | None = None
    closed_on: date | None = None
    audience: Text | None = None
    asked: Count | None = None
    answered: Count | None = None
    agreeing: Count | None = None
    work_ends_at: Clock | None = None
    remark: Text | None = None
    reason: Text | None = None


def _faults(survey: Survey, known: Known, at: Pointer) -> Iterable[Fault]:
    if survey.term_id not in {term.term_id for term in known.calendar.terms}:
        yield Fault(at("term_id"), "unknown_term", {"term_id": survey.term_id})
    if survey.opened_on is not None and survey.closed_on is not None and survey.closed_on < survey.opened_on:
        yield Fault(at("closed_on"), "ends_before_it_starts", {"starts": survey.opened_on, "ends": survey.closed_on})


SURVEYS = Resource("surveys", Survey, key=("survey_id",), faults=_faults)

router = entry_router(SURVEYS, scope="documents.write")
