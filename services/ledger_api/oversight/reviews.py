"""Reviews (审核): what the stage centre decided about a school's submission or plan, line by line where it did; 二(一), 二(三).

`POST /v1/plans/{id}/reviews` and `/v1/submissions/{id}/reviews` decide about a document that is under review here: the review
and the document's next step are one commit. `POST /v1/reviews` records what was decided elsewhere.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from msgspec import Meta

from services.ledger_api.dependencies import Ledger, LedgerReader, Writer, answer_with, sender_of
from services.ledger_api.entries import body_schema, entry_router
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.body import received_body
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.decode import Decoded, decode
from services.ledger_api.ingest.payload import ClassHours, Fen, Identifier, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.precondition import Precondition
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.ingest.together import Entry
from services.ledger_api.led import Led, content_of
from services.ledger_api.machines import Attempt, Machine
from services.ledger_api.steps import Given, Key, StepReceipt, standing_of, take_step
from shared.asgi import requires
from shared.database import reading
from shared.problems import Fault, Invalid, Refused, Words
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


async def _before(ledger: LedgerWriterOfFacts, decoded: Decoded[Any], sender: Sender) -> Decoded[Any]:
    """Raises Refused (403): nobody reviews the school at which they are registered."""
    reviewers = [(review.school_id, review.reviewed_by) for review in decoded.records if review.reviewed_by]
    if reviewers:
        async with reading(ledger.pool, sender.caller.visible) as connection:
            own = await connection.fetchval(_OF_THE_SCHOOL, *map(list, zip(*reviewers, strict=True)))
        if own:
            raise Refused("own_work", condition=_NOT_OF_THE_SCHOOL)
    return decoded


REVIEWS = Resource(
    "reviews",
    Review,
    key=("review_id",),
    faults=_faults,
    staff_named=lambda review: (line.staff_id for line in review.lines),
)

router = entry_router(REVIEWS, scope="oversight.write", before=_before)

_NOT_OF_THE_SCHOOL = Words("审核人不是本校人员", "the reviewer is not one of the school's own")
_OF_THE_SCHOOL = """
    select exists (
        select from ledger.person
        inner join unnest($1::text[], $2::text[]) as reviewer (school_id, staff_id)
            on person.school_id = reviewer.school_id and person.person_id = reviewer.staff_id
        where person.resource = 'staff'
    )
"""
_SCHEME = """
    select review_scheme.scheme_id
    from ledger.review_scheme
    inner join ledger.school on school.school_id = $1 and review_scheme.stage = any (school.stages)
    where
        ($2::text is null or review_scheme.stage = $2)
        and ($3::text is null or review_scheme.scheme_id = $3)
        and $4::date between review_scheme.effective_from and review_scheme.effective_to
    order by review_scheme.effective_from desc, review_scheme.scheme_id
    limit 1
"""
_REVIEWS_OF = """
    select content, revision, recorded_at
    from ledger.current_entry
    where school_id = $1 and resource = 'reviews' and content ->> $2 = $3
    order by recorded_at, key
"""
# As people say it, and as it is kept.
_DECISIONS: dict[str, ReviewDecision] = {"approve": "accepted", "return": "returned"}
_RETURNS = frozenset({"returned", "rejected"})
# What is left of an identifier for the document's own part of a review's.
_KEY_LENGTH = 48


class Verdict(Record, frozen=True):
    """What is decided about a document under review: `approve` or `return` (with reasons), line by line where wanted.

    `content_hash`: of what was looked at; the document as it stands now where it is absent.
    """

    decision: Literal["approve", "return", "accepted", "adjusted", "returned", "rejected"]
    comments: Text | None = None
    lines: Annotated[tuple[ReviewLine, ...], Meta(max_length=5000)] = ()
    reviewed_by: Identifier | None = None
    reviewed_on: date | None = None
    review_id: Identifier | None = None
    scheme_id: Identifier | None = None
    filing_number: Text | None = None
    content_hash: Sha256 | None = None


class ReviewReceipt(StepReceipt):
    """The receipt, where the document stands now, and the review that led there."""

    review_id: str


def reviews_of(resource: Resource[Any], machine: Machine) -> APIRouter:
    """`POST` and `GET /v1/{resource}/{id}/reviews`; `{id}` alone, or `{school_id}/{id}`."""
    nested = APIRouter(prefix=f"/v1/{resource.name}", tags=["reviews"])

    async def review(
        request: Request, caller: Writer, ledger: Ledger, document: str, idempotency_key: Key = None
    ) -> Response:
        """Approve the document, or return it with the reasons: the centre of its stage or the bureau, under a scheme in force."""
        encoding = request.headers.get("content-encoding", "").strip().lower()
        async with received_body(request.stream(), encoding, request.app.state.long_bodies) as body:
            decoded = decode(body, request.headers.get("content-type", ""), lambda _raw: Verdict)
        if len(decoded.records) != 1:
            raise Refused("invalid_parameter", name="body", reason="one review a request")
        sender = sender_of(request, caller)
        led = await standing_of(ledger, machine, document, caller, school_id=None, as_of=None)
        verdict = await _whole(ledger, decoded, led, sender)
        given = _given(verdict, led, idempotency_key)

        def also(_led: Led, _attempt: Attempt) -> Sequence[Entry]:
            return [Entry(REVIEWS, _kept(verdict, led), Precondition("none"))]

        taken = await take_step(ledger, resource, machine, f"{led.school_id}/{led.key}", given, sender, also=also)
        return answer_with(ReviewReceipt(**taken.model_dump(), review_id=str(verdict.review_id)))

    async def list_reviews(caller: LedgerReader, ledger: Ledger, document: str) -> Response:
        """What was decided about it, the first of it first; those recorded from elsewhere among them."""
        led = await standing_of(ledger, machine, document, caller, school_id=None, as_of=None)
        async with reading(ledger.pool, caller.visible) as connection:
            rows = await connection.fetch(_REVIEWS_OF, led.school_id, machine.reviewed_as, led.key)
        items = [
            {**msgspec.json.decode(row["content"]), "revision": row["revision"], "recorded_at": row["recorded_at"]}
            for row in rows
        ]
        return Response(msgspec.json.encode({"items": items, "next_cursor": None}), media_type="application/json")

    path = "/{document:path}/reviews"
    nested.add_api_route(
        path,
        review,
        methods=["POST"],
        response_model=ReviewReceipt,
        dependencies=[Depends(requires("oversight.write"))],
        openapi_extra=body_schema(Verdict),
    )
    nested.add_api_route(path, list_reviews, methods=["GET"], response_model=None)
    return nested


async def _whole(ledger: LedgerWriterOfFacts, decoded: Decoded[Verdict], led: Led, sender: Sender) -> Verdict:
    """The verdict with its day, its id and its scheme. Raises Invalid; Refused (409) where no scheme of the centre is in force."""
    (verdict,) = decoded.records
    decision = _DECISIONS.get(verdict.decision, verdict.decision)
    if decision == "accepted" and verdict.lines:
        decision = "adjusted"
    faults = []
    if decision in _RETURNS and not (verdict.comments or "").strip():
        faults.append(Fault(decoded.pointer(0, "comments"), "missing_field", {"field": "comments"}))
    people = {line["staff_id"] for line in led.content.get("lines") or ()}
    for place, line in enumerate(verdict.lines):
        if line.staff_id not in people:
            faults.append(
                Fault(decoded.pointer(0, "lines", place, "staff_id"), "unknown_staff", {"staff_id": line.staff_id})
            )
        if not (line.why or "").strip():
            faults.append(Fault(decoded.pointer(0, "lines", place, "why"), "missing_field", {"field": "why"}))
    if faults:
        raise Invalid(faults)
    on = verdict.reviewed_on or datetime.now(ZoneInfo("Asia/Shanghai")).date()
    scheme_id = verdict.scheme_id
    if led.machine.reviewed_as == "submission_id":
        async with reading(ledger.pool, sender.caller.visible) as connection:
            scheme_id = await _scheme_in_force(connection, led, verdict.scheme_id, on, sender)
    return msgspec.structs.replace(
        verdict,
        decision=decision,
        reviewed_on=on,
        scheme_id=scheme_id,
        review_id=verdict.review_id or _review_id(led, decision, sender),
    )


async def _scheme_in_force(
    connection: asyncpg.Connection, led: Led, scheme_id: str | None, on: date, sender: Sender
) -> str:
    found: str | None = await connection.fetchval(_SCHEME, led.school_id, sender.caller.visible.stage, scheme_id, on)
    if found is None:
        raise Refused(
            "not_ready",
            condition=Words(
                f"{on} 有执行中的审核方案（/v1/review-schemes）",
                f"a review scheme of the centre is in force on {on} (/v1/review-schemes)",
            ),
        )
    return found


def _review_id(led: Led, decision: str, sender: Sender) -> str:
    """The document's next; the same sent again is the one that was given before."""
    last = led.taken[-1] if led.taken else None
    if last is not None and last.by == sender.caller.client_id and last.step == _step(decision):
        earlier: str | None = last.facts.get("review_id")
        if earlier is not None:
            return earlier
    return f"{led.key[:_KEY_LENGTH]}.{len(led.taken) + 1}"


def _step(decision: str) -> str:
    return "return" if decision in _RETURNS else "approve"


def _given(verdict: Verdict, led: Led, idempotency_key: str | None) -> Given:
    """The document's step that the verdict is; approving without naming a content is about the document as it stands."""
    facts = {
        name: value
        for name, value in content_of(verdict).items()
        if name in {"review_id", "reviewed_by", "filing_number", "lines"} and value not in (None, [])
    }
    return Given(
        step=_step(verdict.decision),
        on=verdict.reviewed_on,
        content_hash=verdict.content_hash or led.content_hash,
        why=verdict.comments,
        facts=facts,
        idempotency_key=idempotency_key,
    )


def _kept(verdict: Verdict, led: Led) -> Review:
    return Review(
        school_id=led.school_id,
        review_id=verdict.review_id or "",
        decision=verdict.decision,  # type: ignore[arg-type]
        reviewed_on=verdict.reviewed_on or date.min,
        scheme_id=verdict.scheme_id,
        filing_number=verdict.filing_number,
        reviewed_by=verdict.reviewed_by,
        lines=verdict.lines,
        comments=verdict.comments,
        **{str(led.machine.reviewed_as): led.key},
    )
