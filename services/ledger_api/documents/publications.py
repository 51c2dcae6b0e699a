"""Publications (公示): what the school posted for its staff, month by month and for the term; 一(二)2."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from msgspec import Meta, Struct

from services.ledger_api.dependencies import (
    BulkOptions,
    DocumentWriter,
    Ledger,
    LedgerReader,
    StepTaker,
    answer_with,
    receive,
    sender_of,
)
from services.ledger_api.entries import body_schema, entry_router, items_response
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import Identifier, Period, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.receipt import Receipt
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.procedures import PUBLICATION
from services.ledger_api.statement_lines import StatementLine, line_faults
from services.ledger_api.steps import Given, Key, StepReceipt, read_one, standing_of, take_step
from shared.class_hours import Hundredths, shown_class_hours
from shared.database import Statement, reading
from shared.problems import Fault, Invalid
from shared.remuneration import AllocationPlan, compute_pay
from shared.tokens import Caller
from shared.vocabulary import PublicationKind
from shared.work import WorkItem, days_of


class Objection(Record, frozen=True):
    """What a participant said against the publication, about whose line, and what was answered; 知情权."""

    objection_id: Identifier
    made_on: date
    staff_id: Identifier | None = None
    text: Text | None = None
    answered_on: date | None = None
    answer: Text | None = None


class ArchiveItem(Record, frozen=True):
    """What was kept of the publication for inspection (存档备查), and until when."""

    content_hash: Sha256
    stored_on: date
    keep_until: date | None = None
    location: Text | None = None


class LedgerPosition(Record, frozen=True):
    """The head of the school's chain that the lines were taken from."""

    seq: Annotated[int, Meta(ge=0)]
    head: Sha256


class Publication(Record, frozen=True):
    """One posting. `period` is `YYYY-MM` for a month's workload, the term_id for a term's remuneration.

    `content_hash`: the digest of the sheet as it was posted, the one that the meeting was shown.
    """

    school_id: SchoolId
    publication_id: Identifier
    kind: PublicationKind
    period: Period
    lines: tuple[StatementLine, ...]
    displayed_from: date | None = None
    displayed_to: date | None = None
    closed_on: date | None = None
    place: Text | None = None
    deliberation_id: Identifier | None = None
    content_hash: Sha256 | None = None
    objections: Annotated[tuple[Objection, ...], Meta(max_length=1000)] = ()
    archive: Annotated[tuple[ArchiveItem, ...], Meta(max_length=100)] = ()
    chain: LedgerPosition | None = None
    draft: Annotated[bool, Meta(description="only drafted: nothing of it counts before it is displayed")] = False
    attachments: tuple[Text, ...] = ()
    reason: Text | None = None


def _faults(publication: Publication, known: Known, at: Pointer) -> Iterable[Fault]:
    if publication.kind == "term_remuneration" and publication.period not in {
        term.term_id for term in known.calendar.terms
    }:
        yield Fault(at("period"), "unknown_term", {"term_id": publication.period})
    if (
        publication.displayed_from
        and publication.displayed_to
        and publication.displayed_to < publication.displayed_from
    ):
        yield Fault(
            at("displayed_to"),
            "ends_before_it_starts",
            {"starts": publication.displayed_from, "ends": publication.displayed_to},
        )
    for place, objection in enumerate(publication.objections):
        if objection.staff_id is not None and objection.staff_id not in known.staff:
            yield Fault(at("objections", place, "staff_id"), "unknown_staff", {"staff_id": objection.staff_id})
    yield from line_faults(publication.lines, known, at)


def _staff_named(publication: Publication) -> Iterable[str]:
    yield from (line.staff_id for line in publication.lines)
    yield from (each.staff_id for each in publication.objections if each.staff_id is not None)


PUBLICATIONS = Resource(
    "publications",
    Publication,
    key=("publication_id",),
    faults=_faults,
    staff_named=_staff_named,
)

router = APIRouter(prefix="/v1/publications", tags=["publications"])


class PublicationDraft(Record, frozen=True):
    """A publication whose lines the ledger gives (`?from_ledger=true`)."""

    school_id: SchoolId
    publication_id: Identifier
    kind: PublicationKind
    period: Period
    reason: Text | None = None


class Participant(Record, frozen=True):
    """A participant who confirms their own line."""

    staff_id: Identifier
    acknowledged_on: date | None = None


class Said(Record, frozen=True):
    """An objection (`text`, and whose line), or the answer to one (`objection_id` and `answer`)."""

    objection_id: Identifier | None = None
    staff_id: Identifier | None = None
    text: Text | None = None
    made_on: date | None = None
    answer: Text | None = None
    answered_on: date | None = None


@router.post("", response_model=Receipt, openapi_extra=body_schema(Publication, PublicationDraft))
async def post_publications(
    request: Request,
    caller: DocumentWriter,
    ledger: Ledger,
    bulk: BulkOptions,
    from_ledger: Annotated[
        bool, Query(description="the lines are those of the ledger, bound to its chain's head")
    ] = False,
) -> Response:
    """Record publications, each a new record, a new revision or unchanged; with `from_ledger` without their lines."""

    async def append(decoded: Decoded[Any], sender: Sender) -> Receipt:
        if from_ledger:
            filled = [
                await _filled(ledger, draft, caller, decoded.pointer(index))
                for index, draft in enumerate(decoded.records)
            ]
            decoded = replace(decoded, records=filled)
        return await ledger.append_entries(PUBLICATIONS, decoded, sender)

    payload: type[Struct] = PublicationDraft if from_ledger else Publication
    # What the ledger says changes: no body is a replay of the one before.
    resource = "publications?from_ledger" if from_ledger else PUBLICATIONS.name
    return await receive(
        request, caller, ledger, resource=resource, choose=lambda _raw: payload, append=append, bulk=bulk
    )


_WORK = Statement.from_file(Path(__file__).with_suffix(".sql"))
_CHAIN = Statement.parse("select seq, head from ledger.chain_head where school_id = :school_id")
_PLANS = Statement.parse(
    "select content from ledger.current_entry where school_id = :school_id and resource = 'allocation-plans'"
)


async def _filled(ledger: LedgerWriterOfFacts, draft: PublicationDraft, caller: Caller, at: str) -> Publication:
    """The draft with the ledger's lines at the head of the school's chain. Raises Invalid when work has no price."""
    async with reading(ledger.pool, caller.visible) as connection:
        heads = await _CHAIN.fetch(connection, school_id=draft.school_id)
        work = await _WORK.fetch(connection, school_id=draft.school_id, kind=draft.kind, period=draft.period)
        plans = await _PLANS.fetch(connection, school_id=draft.school_id)
    amounts: Mapping[str, int] = {}
    if draft.kind == "term_remuneration":
        amounts = _amounts([msgspec.json.decode(row["content"], type=AllocationPlan) for row in plans], work, at)
    by_person: dict[str, list[Any]] = {}
    for row in work:
        by_person.setdefault(row["staff_id"], []).append(row)
    return Publication(
        school_id=draft.school_id,
        publication_id=draft.publication_id,
        kind=draft.kind,
        period=draft.period,
        lines=tuple(
            StatementLine(
                staff_id=staff_id,
                class_hours=Decimal(shown_class_hours(sum(row["class_hours_hundredths"] for row in rows))),
                dates=tuple(sorted({row["service_date"] for row in rows})),
                amount_fen=amounts.get(staff_id),
            )
            for staff_id, rows in by_person.items()
        ),
        draft=True,
        chain=LedgerPosition(seq=heads[0]["seq"], head=heads[0]["head"].hex()) if heads else None,
        reason=draft.reason,
    )


def _amounts(plans: Sequence[AllocationPlan], work: Sequence[Any], at: str) -> Mapping[str, int]:
    """staff_id -> fen, by the plan in force. Raises Invalid when some work has no rate, or all is over a firm budget."""
    items = [
        WorkItem(**{**dict(row), "class_hours_hundredths": Hundredths(row["class_hours_hundredths"])}) for row in work
    ]
    run = compute_pay(plans, days_of(items))
    if run.unpriced:
        missing = run.unpriced[0]
        reason = f"{missing.record_key} of {missing.staff_id} has no price: {missing.reason}"
        raise Invalid([Fault(f"{at}/period", "invalid_value", {"reason": reason})])
    if run.refused:
        reason = f"{run.total_fen} fen are more than the plan's budget of {run.budget_fen}"
        raise Invalid([Fault(f"{at}/period", "invalid_value", {"reason": reason})])
    return run.total_by_staff_fen


@router.post("/{document:path}/objections", response_model=StepReceipt, openapi_extra=body_schema(Said))
async def post_objection(
    request: Request, document: str, caller: StepTaker, ledger: Ledger, idempotency_key: Key = None
) -> Response:
    """A participant's objection to a publication that hangs, or the answer to one; it does not close over an open one."""
    led = await standing_of(ledger, PUBLICATION, document, caller, school_id=None, as_of=None)
    said = await read_one(request, Said)
    if said.answer is not None or said.answered_on is not None:
        named = {"objection_id": said.objection_id, "answer": said.answer}
        given = Given("answer", on=said.answered_on, facts=_said(named), idempotency_key=idempotency_key)
    else:
        # Numbered where the client does not name it.
        number = len(led.content.get("objections") or ()) + 1
        named = {"objection_id": said.objection_id or f"o{number}", "staff_id": said.staff_id, "text": said.text}
        given = Given("object", on=said.made_on, facts=_said(named), idempotency_key=idempotency_key)
    return answer_with(await take_step(ledger, PUBLICATIONS, PUBLICATION, document, given, sender_of(request, caller)))


@router.get("/{document:path}/objections", response_model=None)
async def list_objections(document: str, caller: LedgerReader, ledger: Ledger) -> Response:
    """What was said against a publication, and what was answered."""
    led = await standing_of(ledger, PUBLICATION, document, caller, school_id=None, as_of=None)
    return items_response(led.content.get("objections") or [])


@router.post("/{document:path}/acknowledgements", response_model=StepReceipt, openapi_extra=body_schema(Participant))
async def post_acknowledgement(
    request: Request, document: str, caller: StepTaker, ledger: Ledger, idempotency_key: Key = None
) -> Response:
    """A participant's own confirmation of their line, as it is now."""
    await standing_of(ledger, PUBLICATION, document, caller, school_id=None, as_of=None)
    participant = await read_one(request, Participant)
    given = Given(
        "acknowledge",
        on=participant.acknowledged_on,
        facts={"staff_id": participant.staff_id},
        idempotency_key=idempotency_key,
    )
    return answer_with(await take_step(ledger, PUBLICATIONS, PUBLICATION, document, given, sender_of(request, caller)))


@router.get("/{document:path}/acknowledgements", response_model=None)
async def list_acknowledgements(document: str, caller: LedgerReader, ledger: Ledger) -> Response:
    """Who confirmed their line when; `holds`: whether the publication still says what was confirmed."""
    led = await standing_of(ledger, PUBLICATION, document, caller, school_id=None, as_of=None)
    return items_response(
        [
            {
                "staff_id": each.facts["staff_id"],
                "acknowledged_on": each.on,
                "content_hash": each.content_hash,
                "holds": each.content_hash == led.content_hash,
                "recorded_at": each.recorded_at,
            }
            for each in led.taken
            if each.step == "acknowledge"
        ]
    )


def _said(named: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in named.items() if value is not None}


# After what is the resource's own: a record's path would take that in.
entry_router(PUBLICATIONS, scope="documents.write", machine=PUBLICATION, onto=router)
