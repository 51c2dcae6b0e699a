"""What an endpoint may ask for, as types: the caller with a scope, the ledger, the records of a body."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from msgspec import Struct

from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.append import Sender
from services.ledger_api.ingest.decode import Decoded, decode, read_body
from services.ledger_api.ingest.receipt import Receipt
from shared.asgi import caller_of, requires
from shared.tokens import Caller

# Below this a body is decoded and compared record by record; above, its digest is looked up first.
REPLAY_LOOKUP_BYTES = 4096


def _ledger(request: Request) -> LedgerWriterOfFacts:
    ledger: LedgerWriterOfFacts = request.app.state.ledger
    return ledger


AnyCaller = Annotated[Caller, Depends(caller_of)]
RegisterWriter = Annotated[Caller, Depends(requires("registers.write"))]
LedgerWriter = Annotated[Caller, Depends(requires("ledger.write"))]
DocumentWriter = Annotated[Caller, Depends(requires("documents.write"))]
LedgerReader = Annotated[Caller, Depends(requires("ledger.read"))]
Ledger = Annotated[LedgerWriterOfFacts, Depends(_ledger)]

DryRun = Annotated[bool, Query(description="validate and write nothing")]
Reason = Annotated[str, Query(min_length=1, max_length=500, description="why the record is taken back")]


async def receive(
    request: Request,
    caller: Caller,
    ledger: LedgerWriterOfFacts,
    *,
    resource: str,
    choose: Callable[[bytes], type[Struct]],
    append: Callable[[Decoded[Any], Sender], Awaitable[Receipt]],
    dry_run: bool,
) -> Receipt:
    """One bulk write from bytes to receipt. An exact replay is answered from its first receipt, undecoded."""
    body = await read_body(request.stream(), request.headers.get("content-encoding", "").strip().lower())
    digest = sha256(body).digest()
    sender = Sender(caller, request.state.request_id, digest, dry_run)
    if len(body) > REPLAY_LOOKUP_BYTES and not dry_run:
        earlier = await ledger.replayed(resource, sender)
        if earlier is not None:
            return earlier
    return await append(decode(body, request.headers.get("content-type", ""), choose), sender)


def sender_of(request: Request, caller: Caller) -> Sender:
    """The sender of a request without a body."""
    return Sender(caller, request.state.request_id)
