"""Sign-in of people: a browser session by a link that is good once, or by a client's id and secret.

The session is an access token in a cookie that no script reads and no other site's page sends along. It is good for an
hour and renewed while the page is open, until the working day is over or the client is revoked.
"""

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel
from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.ledger_api.dependencies import AnyCaller, Ledger
from services.ledger_api.oauth import TokenInfo, client_of, client_with_secret, shown_caller
from shared.asgi import SESSION_COOKIE, refuse_other_pages
from shared.problems import Refused
from shared.tables.access import ApiClient, SignInLink, digest_of, new_link
from shared.tokens import LIFETIME_SECONDS, Caller, issue

# A session that is in use goes on for so long, then its person signs in again.
WORKING_DAY_SECONDS = 12 * 3600

# Of two who use a code at once, one deletes it.
_USE_LINK = "delete from ledger.sign_in_link where code_digest = $1 returning client_id, expires_at"


async def _from_our_page(request: Request) -> None:
    """No other site's page signs anybody in or out."""
    refuse_other_pages(request, or_none=True)


router = APIRouter(tags=["sign-in"])
pages_only = [Depends(_from_our_page)]


class Link(BaseModel):
    """What the page's address takes after `#code=`, and until when."""

    code: str
    expires_at: datetime


@router.post("/oauth/links")
async def make_link(request: Request, caller: AnyCaller) -> Link:
    """A link for a person who acts as this client: `…/#code=CODE`, good once and for ten minutes."""
    code, row = new_link(caller.client_id)
    # Read before the commit, after which the row would be read anew.
    expires_at = row.expires_at
    async with AsyncSession(request.app.state.tables) as session:
        await session.exec(delete(SignInLink).where(col(SignInLink.expires_at) < datetime.now(UTC)))
        session.add(row)
        await session.commit()
    return Link(code=code, expires_at=expires_at)


@router.post("/oauth/session", dependencies=pages_only)
async def open_session(
    request: Request,
    response: Response,
    ledger: Ledger,
    code: Annotated[str | None, Form(description="of a link")] = None,
    client_id: Annotated[str | None, Form()] = None,
    client_secret: Annotated[str | None, Form()] = None,
) -> TokenInfo:
    """Sign a person's browser in: by a link's code, or by a client's id and secret. The answer sets the cookie."""
    if code is not None:
        client = await client_of(request, await _use_link(ledger, code))
        if client is None:
            raise Refused("spent_link")
    else:
        client = await client_with_secret(request, client_id or "", client_secret or "")
        if client is None:
            raise Refused("invalid_client")
    return begin_session(request, response, client, signed_in_at=int(time.time()))


@router.post("/oauth/session/renewal")
async def renew_session(request: Request, response: Response, caller: AnyCaller) -> TokenInfo:
    """Another hour for the session at hand; refused (401) at the end of the working day, and to a revoked client."""
    client = await client_of(request, caller.client_id)
    if client is None or caller.signed_in_at is None or caller.signed_in_at + WORKING_DAY_SECONDS < time.time():
        raise Refused("unauthenticated", reason="the session is over", headers={"WWW-Authenticate": "Bearer"})
    return begin_session(request, response, client, signed_in_at=caller.signed_in_at)


@router.delete("/oauth/session", status_code=204, dependencies=pages_only)
async def end_session(request: Request, response: Response) -> None:
    """Sign the browser out."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=comes_over_tls(request), httponly=True, samesite="strict")


async def _use_link(ledger: Ledger, code: str) -> str:
    """The client of a link's code, which is used up; raises Refused (401)."""
    row = await ledger.pool.fetchrow(_USE_LINK, digest_of(code))
    if row is None or row["expires_at"] < datetime.now(UTC):
        raise Refused("spent_link")
    client_id: str = row["client_id"]
    return client_id


def begin_session(request: Request, response: Response, client: ApiClient, *, signed_in_at: int) -> TokenInfo:
    """Set the session's cookie on an answer; `signed_in_at`: when its person signed in, seconds since 1970."""
    token = issue(
        request.app.state.signing_key,
        client_id=client.client_id,
        kind=client.kind,
        schools=client.schools,
        stage=client.stage,
        signed_in_at=signed_in_at,
    )
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=LIFETIME_SECONDS,
        path="/",
        secure=comes_over_tls(request),
        httponly=True,
        samesite="strict",
    )
    response.headers["Cache-Control"] = "no-store"
    caller: Caller = request.app.state.verifier.verify(token)
    return shown_caller(caller)


def comes_over_tls(request: Request) -> bool:
    """Whether browsers come over TLS, be it that a proxy ends it."""
    return (request.app.state.page_origin or str(request.url)).startswith("https:")
