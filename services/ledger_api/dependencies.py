"""What an endpoint may ask for, as types: the caller with a scope, the ledger, the records of a body."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from hashlib import sha256
from time import perf_counter
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import Response
from msgspec import Struct

from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.body import received_body
from services.ledger_api.ingest.decode import Decoded, decode
from services.ledger_api.ingest.partial import append_partially, keep_rejected
from services.ledger_api.ingest.precondition import Precondition
from services.ledger_api.ingest.receipt import Receipt
from shared import metrics
from shared.asgi import caller_of, language_of, requires
from shared.problems import FAULTS_LISTED, Refused
from shared.tokens import Caller

# Below this a body is decoded and compared record by record; above, its digest is looked up first.
REPLAY_LOOKUP_BYTES = 4096


# Asynchronous, so that it is called and not sent to a thread.
async def _ledger(request: Request) -> LedgerWriterOfFacts:
    ledger: LedgerWriterOfFacts = request.app.state.ledger
    return ledger


async def _writer(request: Request) -> Caller:
    """Who writes: a school or the bureau as it is, a stage centre with the schools of its stage (a nine-year school's both)."""
    caller = await caller_of(request)
    ledger: LedgerWriterOfFacts = request.app.state.ledger
    return caller if caller.visible.stage is None else await ledger.with_schools_of_stage(caller)


AnyCaller = Annotated[Caller, Depends(caller_of)]
# Of whatever scope its endpoint asks for.
Writer = Annotated[Caller, Depends(_writer)]
RegisterWriter = Annotated[Caller, Depends(requires("registers.write"))]
LedgerWriter = Annotated[Caller, Depends(requires("ledger.write"))]
DocumentWriter = Annotated[Caller, Depends(requires("documents.write"))]
# Which step is whose, the machines say.
StepTaker = Annotated[Caller, Depends(requires("documents.write", "oversight.write", "registers.write"))]
LedgerReader = Annotated[Caller, Depends(requires("ledger.read"))]
Ledger = Annotated[LedgerWriterOfFacts, Depends(_ledger)]


def reads_as(kinds: Collection[str]) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: a reader of one of these kinds of client; for others there is no such record (404)."""
    reads = requires("ledger.read")

    async def among(request: Request) -> Caller:
        caller = await reads(request)
        if caller.kind not in kinds:
            raise Refused("not_found")
        return caller

    return among


def writes_as(kinds: Collection[str], resource: str) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: a writer of one of these kinds of client; it is nobody else's to write (403)."""

    async def among(request: Request) -> Caller:
        caller = await caller_of(request)
        if caller.kind not in kinds:
            raise Refused("district_only", resource=resource)
        return caller

    return among


@dataclass(frozen=True)
class Bulk:
    """How a bulk body is to be taken."""

    dry_run: bool
    mode: Literal["atomic", "partial"]


async def _bulk(
    dry_run: Annotated[bool, Query(description="validate and write nothing")] = False,
    mode: Annotated[
        Literal["atomic", "partial"],
        Query(description="atomic: all or nothing; partial: what is good lands, the rest is in `errors`"),
    ] = "atomic",
) -> Bulk:
    return Bulk(dry_run, mode)


BulkOptions = Annotated[Bulk, Depends(_bulk)]
Reason = Annotated[
    str,
    Query(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
        description="why the record is taken back",
    ),
]


async def receive(
    request: Request,
    caller: Caller,
    ledger: LedgerWriterOfFacts,
    *,
    resource: str,
    choose: Callable[[bytes], type[Struct]],
    append: Callable[[Decoded[Any], Sender], Awaitable[Receipt]],
    bulk: Bulk,
) -> Response:
    """One bulk write from bytes to receipt. An exact replay is answered from its first receipt, undecoded."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    async with received_body(request.stream(), encoding, request.app.state.long_bodies) as body:
        started = perf_counter()
        receipt = await _take(request, caller, ledger, body, resource=resource, choose=choose, append=append, bulk=bulk)
        if not bulk.dry_run:
            _count(resource, receipt, perf_counter() - started)
        return answer_with(receipt)


async def _take(
    request: Request,
    caller: Caller,
    ledger: LedgerWriterOfFacts,
    body: bytes,
    *,
    resource: str,
    choose: Callable[[bytes], type[Struct]],
    append: Callable[[Decoded[Any], Sender], Awaitable[Receipt]],
    bulk: Bulk,
) -> Receipt:
    digest = sha256(body).digest()
    sender = Sender(caller, request.state.request_id, digest, bulk.dry_run, precondition_of(request))
    if len(body) > REPLAY_LOOKUP_BYTES and not bulk.dry_run and sender.precondition is None:
        earlier = await ledger.replayed(resource, sender)
        if earlier is not None:
            return earlier
    content_type = request.headers.get("content-type", "")
    if bulk.mode == "atomic":
        return await append(decode(body, content_type, choose), sender)
    decoded = decode(body, content_type, choose, partial=True)
    receipt, rejected = await append_partially(decoded, append, sender)
    if not rejected:
        return receipt
    if not bulk.dry_run:
        await keep_rejected(ledger.pool, rejected, receipt, resource, sender)
    faults = [fault for each in rejected for fault in each.faults]
    return receipt.model_copy(
        update={
            "received": receipt.received + len(rejected),
            "rejected": len(rejected),
            "errors": [fault.shown(language_of(request)) for fault in faults[:FAULTS_LISTED]],
            "error_count": len(faults),
        }
    )


def _count(resource: str, receipt: Receipt, seconds: float) -> None:
    """For Prometheus: how long it took, and what became of the records."""
    metrics.INGEST_SECONDS.labels(resource).observe(seconds)
    for outcome in ("created", "revised", "unchanged", "rejected"):
        metrics.INGEST_RECORDS.labels(resource, outcome).inc(getattr(receipt, outcome))


def answer_with(receipt: Receipt) -> Response:
    """The receipt as it is: it was made here, and needs no second look."""
    return Response(receipt.model_dump_json(), media_type="application/json")


def precondition_of(request: Request) -> Precondition | None:
    """`If-Match` and `If-None-Match: *` of a write; raises Refused when they are anything else."""
    wanted, unwanted = request.headers.get("if-match"), request.headers.get("if-none-match")
    if wanted is None and unwanted is None:
        return None
    if wanted is None:
        if unwanted == "*":
            return Precondition("none")
        raise Refused("invalid_parameter", name="If-None-Match", reason="only * goes with a write")
    if wanted == "*":
        return Precondition("any")
    # Of a document that is led, the number of its steps comes after.
    tag = wanted.removeprefix("W/").strip('"').partition(".")[0]
    if not tag.isdecimal() or not tag.isascii() or len(tag) > 9:
        raise Refused("precondition_failed", current="—")
    return Precondition(int(tag))


def sender_of(request: Request, caller: Caller) -> Sender:
    """The sender of a request without a body."""
    return Sender(caller, request.state.request_id, precondition=precondition_of(request))
