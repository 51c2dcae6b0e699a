"""Sign-in of programs: OAuth 2.0 client credentials, a short-lived token signed with ES256, the public keys as a JWKS."""

import asyncio
import re
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Annotated, Literal

from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool

from services.ledger_api.dependencies import AnyCaller, Ledger
from shared.asgi import public_keys
from shared.database import ACQUIRE_SECONDS
from shared.problems import Refused
from shared.tables.access import SECRET_HASHER, ApiClient
from shared.tokens import LIFETIME_SECONDS, Caller, issue
from shared.vocabulary import IDENTIFIER, SCOPES_OF

router = APIRouter(tags=["sign-in"])

# Checked when the client is not known, so that an answer takes as long either way.
_NOBODYS_HASH = SECRET_HASHER.hash(secrets.token_urlsafe())


class AccessToken(BaseModel):
    """RFC 6749 §5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 the scheme's name
    expires_in: int = LIFETIME_SECONDS
    scope: str


class TokenInfo(BaseModel):
    """What the token at hand may do and see."""

    client_id: str
    kind: str
    scopes: list[str]
    schools: list[str]
    stage: str | None
    district: bool
    expires_at: int


@router.post("/oauth/token")
async def issue_token(
    request: Request,
    grant_type: Annotated[str, Form()],
    client_id: Annotated[str | None, Form()] = None,
    client_secret: Annotated[str | None, Form()] = None,
    scope: Annotated[str | None, Form(description="fewer scopes than the client may have, between spaces")] = None,
) -> AccessToken:
    """Exchange a client's id and secret (HTTP Basic or form) for an access token."""
    if grant_type != "client_credentials":
        raise Refused("unsupported_grant_type")
    basic = _basic_credentials(request.headers.get("authorization", ""))
    given_id, given_secret = basic or (client_id or "", client_secret or "")
    client = await client_with_secret(request, given_id, given_secret)
    if client is None:
        raise Refused("invalid_client", headers={"WWW-Authenticate": "Basic"})
    allowed = SCOPES_OF[client.kind]
    wanted = allowed if scope is None else frozenset(scope.split())
    if not wanted <= allowed:
        raise Refused("invalid_scope", scope=" ".join(sorted(wanted - allowed)))
    token = issue(
        request.app.state.signing_key,
        client_id=client.client_id,
        kind=client.kind,
        schools=client.schools,
        stage=client.stage,
        scopes=wanted,
    )
    return AccessToken(access_token=token, scope=" ".join(sorted(wanted)))


@router.get("/oauth/token_info")
async def token_info(caller: AnyCaller) -> TokenInfo:
    """What the token may do and see."""
    return shown_caller(caller)


def shown_caller(caller: Caller) -> TokenInfo:
    """What the caller's token may do and see."""
    return TokenInfo(
        client_id=caller.client_id,
        kind=caller.kind,
        scopes=sorted(caller.scopes),
        schools=list(caller.visible.schools),
        stage=caller.visible.stage,
        district=caller.visible.district,
        expires_at=caller.expires_at,
    )


@router.get("/.well-known/jwks.json")
async def jwks(ledger: Ledger) -> dict[str, list[dict[str, str]]]:
    """The public keys that verify access tokens (RFC 7517)."""
    return {"keys": await public_keys(ledger.pool)}


async def client_with_secret(request: Request, client_id: str, secret: str) -> ApiClient | None:
    """The client of this id, if this is its secret and it may still sign in."""
    client = await client_of(request, client_id)
    # One at a time: a hash is memory, and who guesses secrets must not have all of it.
    async with asyncio.timeout(ACQUIRE_SECONDS), request.app.state.sign_ins:
        known = await run_in_threadpool(_secret_fits, secret, client.secret_hash if client else _NOBODYS_HASH)
    return client if known else None


async def client_of(request: Request, client_id: str) -> ApiClient | None:
    """The client of this id, if it may still sign in."""
    # What cannot be an id is no client's, and in no column.
    if re.fullmatch(IDENTIFIER, client_id) is None:
        return None
    async with AsyncSession(request.app.state.tables) as session:
        client = await session.get(ApiClient, client_id)
    return None if client is None or client.revoked_at is not None else client


def _secret_fits(secret: str, secret_hash: str) -> bool:
    try:
        return SECRET_HASHER.verify(secret_hash, secret)
    except (VerificationError, InvalidHashError):
        return False


def _basic_credentials(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return None
    return client_id, secret
