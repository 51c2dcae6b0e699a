"""Sign-in of people with the district's own provider (OpenID Connect): the browser goes there and comes back with a code.

What the answer must match travels in a cookie of ten minutes, sealed under the key that signs tokens: nothing is kept here.
"""

import hmac
import secrets
import time
from hashlib import sha256
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey

from services.ledger_api.dependencies import Ledger
from services.ledger_api.identity_claims import Person
from services.ledger_api.identity_provider import Attempt, IdentityProvider
from services.ledger_api.oauth import client_of
from services.ledger_api.sign_in import begin_session, comes_over_tls
from shared.problems import Refused
from shared.tables.access import ApiClient

log = structlog.get_logger()

ATTEMPT_COOKIE = "taizhang_sign_in"
ATTEMPT_SECONDS = 600
_PATH = "/oauth/openid"
_SEALED = {"alg": "dir", "enc": "A256GCM"}
_REGISTRY = jwe.JWERegistry(algorithms=list(_SEALED.values()))
# What no secret's hash is: a person of the provider's signs in there and with no secret of ours.
_NO_SECRET = "!"  # noqa: S105

# Who was revoked stays as they were.
_AS_IT_IS_NOW = """
    insert into ledger.api_client (client_id, secret_hash, kind, name, schools, stage)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (client_id) do update
    set kind = excluded.kind, name = excluded.name, schools = excluded.schools, stage = excluded.stage
    where api_client.revoked_at is null
"""

router = APIRouter(tags=["sign-in"])


@router.get(_PATH, status_code=303, response_class=RedirectResponse)
async def begin_with_provider(request: Request) -> Response:
    """Send a browser to the district's provider; 404 where the settings name none."""
    try:
        attempt = Attempt()
        provider = _provider_of(request)
        answer = RedirectResponse(await provider.address_for(attempt, back_to=_back_to(request)), 303)
    except Refused as refused:
        return _shown(request, refused)
    answer.set_cookie(
        ATTEMPT_COOKIE,
        seal_attempt(request.app.state.signing_key, attempt, ends_at=int(time.time()) + ATTEMPT_SECONDS),
        max_age=ATTEMPT_SECONDS,
        path=_PATH,
        secure=comes_over_tls(request),
        httponly=True,
        # The way back begins at another site.
        samesite="lax",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get(f"{_PATH}/callback", status_code=303, response_class=RedirectResponse)
async def come_back(
    request: Request,
    ledger: Ledger,
    state: str = "",
    code: Annotated[str | None, Query(description="of the provider, good once")] = None,
    error: Annotated[str | None, Query(description="why the provider signs nobody in")] = None,
    iss: Annotated[str | None, Query(description="who answers (RFC 9207)")] = None,
) -> Response:
    """Where the provider sends the browser back to: opens the session and leads to the page."""
    try:
        provider = _provider_of(request)
        attempt = _attempt_of(request, state)
        if iss is not None and iss != provider.issuer:
            return _shown(request, Refused("id_token_invalid", reason="another issuer answers"))
        if code is None:
            log.info("provider_refused", error=error)
            return _shown(request, Refused("provider_refused"))
        client = await _known_as(request, ledger, await provider.person(attempt, code, back_to=_back_to(request)))
    except Refused as refused:
        return _shown(request, refused)
    answer = RedirectResponse(_page_of(request), 303)
    begin_session(request, answer, client, signed_in_at=int(time.time()))
    answer.delete_cookie(ATTEMPT_COOKIE, path=_PATH)
    return answer


def seal_attempt(key: ECKey, attempt: Attempt, *, ends_at: int) -> str:
    """What the browser carries through the sign-in and cannot read or make; good until `ends_at`, seconds since 1970."""
    claims = {"state": attempt.state, "nonce": attempt.nonce, "verifier": attempt.verifier, "exp": ends_at}
    return jwt.encode(_SEALED, claims, _sealing_key(key), registry=_REGISTRY)


def _attempt_of(request: Request, state: str) -> Attempt:
    """The sign-in that this browser began and this answer is to; raises Refused (400)."""
    attempt = _opened(request.app.state.signing_key, request.cookies.get(ATTEMPT_COOKIE, ""))
    if attempt is None or not secrets.compare_digest(attempt.state.encode(), state.encode()):
        raise Refused("sign_in_lost")
    return attempt


def _opened(key: ECKey, sealed: str) -> Attempt | None:
    try:
        claims = jwt.decode(sealed, _sealing_key(key), registry=_REGISTRY).claims
        jwt.JWTClaimsRegistry(exp={"essential": True}).validate(claims)
    except (JoseError, ValueError) as error:
        log.info("sign_in_not_opened", error=type(error).__name__)
        return None
    return Attempt(state=claims["state"], nonce=claims["nonce"], verifier=claims["verifier"])


def _sealing_key(key: ECKey) -> OctKey:
    return OctKey.import_key(hmac.digest(key.as_pem(private=True), b"taizhang: a sign-in under way", sha256))


async def _known_as(request: Request, ledger: Ledger, person: Person) -> ApiClient:
    """The person's client, as the provider says it is now; raises Refused (401) when the operator revoked it."""
    await ledger.pool.execute(
        _AS_IT_IS_NOW, person.client_id, _NO_SECRET, person.kind, person.name, list(person.schools), person.stage
    )
    client = await client_of(request, person.client_id)
    if client is None:
        raise Refused("invalid_client")
    return client


def _provider_of(request: Request) -> IdentityProvider:
    provider: IdentityProvider | None = request.app.state.identity_provider
    if provider is None:
        raise Refused("no_provider")
    return provider


def _back_to(request: Request) -> str:
    """The address that the provider knows as ours."""
    return f"{request.app.state.ledger_url or str(request.base_url).rstrip('/')}{_PATH}/callback"


def _page_of(request: Request, said: str = "") -> str:
    return f"{request.app.state.page_origin or ''}/{said}"


def _shown(request: Request, refused: Refused) -> Response:
    """To a browser: the page, which says what is wrong; to anybody else the problem itself."""
    log.info("sign_in_refused", code=refused.code, reason=refused.values.get("reason"))
    if "text/html" not in request.headers.get("accept", ""):
        raise refused
    answer = RedirectResponse(_page_of(request, f"#refused={refused.code}"), 303)
    answer.delete_cookie(ATTEMPT_COOKIE, path=_PATH)
    answer.headers["Cache-Control"] = "no-store"
    return answer
