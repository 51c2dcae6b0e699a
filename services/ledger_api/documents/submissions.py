"""Submissions (上报): what the school reports to its stage centre for a term; 一(二)3."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from msgspec import Meta, Struct

from services.ledger_api.dependencies import BulkOptions, DocumentWriter, Ledger, receive
from services.ledger_api.entries import body_schema, entry_router
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import Count, Fen, Identifier, Record, SchoolId, Sha256, TermId, Text
from services.ledger_api.ingest.receipt import Receipt
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.procedures import PUBLICATION, SUBMISSION
from services.ledger_api.statement_lines import StatementLine, line_faults
from services.ledger_api.steps import standing_of
from shared.problems import Fault, Refused
from shared.tokens import Caller
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
    draft: Annotated[bool, Meta(description="only drafted: nothing of it counts before it is submitted")] = False
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

router = APIRouter(prefix="/v1/submissions", tags=["submissions"])


class SubmissionDraft(Record, frozen=True):
    """A submission whose lines a publication gives (`?from_publication=ID`)."""

    school_id: SchoolId
    submission_id: Identifier
    attachments: Annotated[tuple[SubmissionAttachment, ...], Meta(max_length=100)] = ()
    reason: Text | None = None


@router.post("", response_model=Receipt, openapi_extra=body_schema(Submission, SubmissionDraft))
async def post_submissions(
    request: Request,
    caller: DocumentWriter,
    ledger: Ledger,
    bulk: BulkOptions,
    from_publication: Annotated[str | None, Query(description="the term's publication that gives the lines")] = None,
) -> Response:
    """Record submissions, each a new record, a new revision or unchanged; with `from_publication` without their lines."""

    async def append(decoded: Decoded[Any], sender: Sender) -> Receipt:
        if from_publication is not None:
            filled = [await _filled(ledger, draft, from_publication, caller) for draft in decoded.records]
            decoded = replace(decoded, records=filled)
        return await ledger.append_entries(SUBMISSIONS, decoded, sender)

    payload: type[Struct] = Submission if from_publication is None else SubmissionDraft
    # What the publication says changes: no body is a replay of the one before.
    resource = SUBMISSIONS.name if from_publication is None else "submissions?from_publication"
    return await receive(
        request, caller, ledger, resource=resource, choose=lambda _raw: payload, append=append, bulk=bulk
    )


async def _filled(
    ledger: LedgerWriterOfFacts, draft: SubmissionDraft, publication_id: str, caller: Caller
) -> Submission:
    """The draft with the publication's lines, and with it and what was decided about it among its papers.

    Raises Refused (404) when the school has no such publication, (422) when it is not of a term.
    """
    published = await standing_of(ledger, PUBLICATION, publication_id, caller, school_id=draft.school_id, as_of=None)
    content = published.content
    if content["kind"] != "term_remuneration":
        reason = "a submission is made from the publication of a term"
        raise Refused("invalid_parameter", name="from_publication", reason=reason)
    lines = tuple(msgspec.convert(line, StatementLine, strict=False) for line in content["lines"])
    papers = {
        "publication_material": SubmissionAttachment(
            kind="publication_material", document_id=published.key, content_hash=published.content_hash
        ),
        "decision_record": SubmissionAttachment(
            kind="decision_record",
            document_id=content["deliberation_id"],
            content_hash=published.content_hash,
            amount_fen=sum(line.amount_fen or 0 for line in lines),
        ),
    }
    given = {paper.kind for paper in draft.attachments}
    return Submission(
        school_id=draft.school_id,
        submission_id=draft.submission_id,
        term_id=content["period"],
        lines=lines,
        publication_id=published.key,
        draft=True,
        attachments=(*draft.attachments, *(paper for kind, paper in papers.items() if kind not in given)),
        reason=draft.reason,
    )


# After what is the resource's own: a record's path would take that in.
entry_router(SUBMISSIONS, scope="documents.write", machine=SUBMISSION, onto=router)
