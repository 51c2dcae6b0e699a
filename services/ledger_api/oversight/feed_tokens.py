"""Feed tokens: what a feed reader that can send no bearer token reads its owner's feeds with, and nothing else.

A token is its client's alone and shows no more than its client may see. It is kept as its digest only.
"""

import secrets
from datetime import datetime
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.ledger_api.dependencies import Ledger
from services.ledger_api.ingest.payload import Record, Text
from services.ledger_api.subscribers import object_schema, one_object, own
from shared.asgi import requires
from shared.problems import Refused
from shared.tokens import Caller, digest_of_feed_token, new_feed_token

router = APIRouter(prefix="/v1/feed-tokens", tags=["subscriptions"])

Subscriber = Annotated[Caller, Depends(requires("subscriptions.write"))]
TokenId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
Key = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="the same key again is the same token with a new secret: the one before, which was shown once, ends",
    ),
]

TOKENS_A_CLIENT = 20

_IN_FORCE = (
    "select token_id, name, created_at from ledger.feed_token where revoked_at is null order by created_at, token_id"
)
_ADD = """
    insert into ledger.feed_token (
        token_id, client_id, client_kind, client_schools, client_stage, name, token_digest, idempotency_key
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (client_id, idempotency_key) do update set token_digest = excluded.token_digest
    where feed_token.revoked_at is null
    returning token_id, name, created_at
"""


class NewFeedToken(Record, frozen=True):
    """For which reader it is, in the owner's words."""

    name: Text | None = None


class FeedToken(BaseModel):
    """A token as its owner sees it; never its secret."""

    token_id: str
    name: str | None
    created_at: datetime


class WithToken(FeedToken):
    """A new token, shown now and never again: `?token=` in a feed's address, or the password of HTTP Basic."""

    token: str


class FeedTokens(BaseModel):
    """The client's tokens in force."""

    items: list[FeedToken]


@router.post("", status_code=201, openapi_extra=object_schema(NewFeedToken))
async def post_feed_token(
    request: Request, caller: Subscriber, ledger: Ledger, response: Response, idempotency_key: Key = None
) -> WithToken:
    """Make a token for a feed reader. The answer has it: it is shown here and never again."""
    new = await one_object(request, NewFeedToken)
    token = new_feed_token()
    async with own(ledger, caller) as connection:
        await _require_room(connection, idempotency_key)
        row = await connection.fetchrow(
            _ADD,
            f"feed-{secrets.token_hex(8)}",
            caller.client_id,
            caller.kind,
            list(caller.visible.schools),
            caller.visible.stage,
            new.name,
            digest_of_feed_token(token),
            idempotency_key,
        )
    if row is None:
        # The key is of a token that has been revoked since.
        raise Refused("not_found")
    response.headers["Cache-Control"] = "no-store"
    return WithToken(**dict(row), token=token)


@router.get("")
async def list_feed_tokens(caller: Subscriber, ledger: Ledger) -> FeedTokens:
    """The client's own tokens that are in force; at most 20."""
    async with own(ledger, caller) as connection:
        return FeedTokens(items=[FeedToken(**dict(row)) for row in await connection.fetch(_IN_FORCE)])


@router.delete("/{token_id}", status_code=204)
async def delete_feed_token(token_id: TokenId, caller: Subscriber, ledger: Ledger) -> Response:
    """Revoke it: the reader that has it reads nothing from now on."""
    async with own(ledger, caller) as connection:
        revoked = await connection.execute(
            "update ledger.feed_token set revoked_at = now() where token_id = $1 and revoked_at is null", token_id
        )
    if revoked == "UPDATE 0":
        raise Refused("not_found")
    return Response(status_code=204)


async def _require_room(connection: asyncpg.Connection, idempotency_key: str | None) -> None:
    others = await connection.fetchval(
        "select count(*) from ledger.feed_token where revoked_at is null and idempotency_key is distinct from $1",
        idempotency_key or "",
    )
    if others >= TOKENS_A_CLIENT:
        raise Refused("too_many_subscriptions", limit=TOKENS_A_CLIENT)
