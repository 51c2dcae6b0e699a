"""Submissions (上报): what the school reports to its stage centre for a term; 一(二)3."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Count, Fen, Identifier, Record, SchoolId, Sha256, TermId, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.procedures import SUBMISSION
from services.ledger_api.statement_lines import StatementLine, line_faults
from shared.problems import Fault
from shared.vocabulary import SubmissionAttachmentKind


class SubmissionAttachment(Record, frozen=True):
    """One of the papers that go with it (安排表, 记录表, 公示材料), and the figure it gives where it gives one.

    `sessions`: of the arrangement table, the sessions of the term; `amount_fen`: of the decision record, the total.
    """

    kind: SubmissionAttachmentKind
    document_id: Identifier | None = None
    content_hash: Sha256 | None = None
    sessions: Count | None = None
    amount_fen: Fen | None = None


class Submission(Record, frozen=True):
    """One term's statement, signed by the principal and sealed by the Party organisation.

    `content_hash`: the digest of the statement as it was submitted; `…_hash`: of what was signed and of what was sealed.
    """

    school_id: SchoolId
    submission_id: Identifier
    term_id: TermId
    lines: tuple[StatementLine, ...]
    submitted_on: date | None = None
    principal_signed_by: Identifier | None = None
    principal_signed_on: date | None = None
    principal_signed_hash: Sha256 | None = None
    party_seal_by: Identifier | None = None
    party_seal_on: date | None = None
    party_seal_hash: Sha256 | None = None
    publication_id: Identifier | None = None
    content_hash: Sha256 | None = None
    attachments: Annotated[tuple[SubmissionAttachment, ...], Meta(max_length=100)] = ()
    reason: Text | None = None


def _faults(submission: Submission, known: Known, at: Pointer) -> Iterable[Fault]:
    if submission.term_id not in {term.term_id for term in known.calendar.terms}:
        yield Fault(at("term_id"), "unknown_term", {"term_id": submission.term_id})
    yield from line_faults(submission.lines, known, at)


SUBMISSIONS = Resource(
    "submissions",
    Submission,
    key=("submission_id",),
    faults=_faults,
    staff_named=lambda submission: (line.staff_id for line in submission.lines),
)

router = entry_router(SUBMISSIONS, scope="documents.write", machine=SUBMISSION)
