"""Access tokens: signed by the ledger API (ES256), verified by both services with the public keys in the database."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from shared.database import Visible
from shared.problems import Refused
from shared.vocabulary import SANDBOX_SCHOOLS, SCOPES_OF

ISSUER = "taizhang"
LIFETIME_SECONDS = 3600
# A verified token is remembered until it ends, so that a signature costs its 0.1 ms once and not per request.
TOKENS_REMEMBERED = 4096
# A key that is retired is good no longer than so.
KEYS_LAST_SECONDS = 60.0
# What reading a token raises that nobody of ours wrote: joserfc's own, and what a header of odd shape or depth trips.
_NOT_A_TOKEN = (JoseError, ValueError, TypeError, RecursionError)


@dataclass(frozen=True)
class Caller:
    """Who is asking, what for, and what they may see."""

    client_id: str
    kind: str
    scopes: frozenset[str]
    visible: Visible
    expires_at: int
    # When the person signed in whose browser session this is; None for a program's token.
    signed_in_at: int | None = None

    def may_write_for(self, school_id: str) -> bool:
        """Whether facts of this school may come from this caller; 'district' is the district's own."""
        real = not school_id.startswith(SANDBOX_SCHOOLS)
        return (self.visible.district and real) or school_id in self.visible.schools


def issue(
    key: ECKey,
    *,
    client_id: str,
    kind: str,
    schools: Iterable[str],
    stage: str | None,
    scopes: Collection[str] | None = None,
    signed_in_at: int | None = None,
) -> str:
    """A token for one client, good for LIFETIME_SECONDS; `scopes`: fewer than the client's kind may have.

    `signed_in_at`: of a browser session, when its person signed in (seconds since 1970).
    """
    granted = SCOPES_OF[kind] if scopes is None else SCOPES_OF[kind] & frozenset(scopes)
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": client_id,
        "jti": uuid4().hex,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "kind": kind,
        "scope": " ".join(sorted(granted)),
        "schools": list(schools),
        "stage": stage,
    }
    if signed_in_at is not None:
        claims["auth_time"] = signed_in_at
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


class Verifier:
    """Turns a bearer token into a Caller, or refuses it. Keys that it has not seen are added by `learn`."""

    def __init__(self) -> None:
        """Knows no key yet."""
        self._keys: dict[str, ECKey] = {}
        self._learnt_at = float("-inf")
        self._verified: OrderedDict[str, Caller] = OrderedDict()

    def learn(self, public_jwks: Iterable[Mapping[str, object]]) -> None:
        """Replace the known keys; tokens of a key that is gone are no longer good."""
        self._keys = {str(jwk["kid"]): ECKey.import_key(dict(jwk)) for jwk in public_jwks}  # type: ignore[arg-type]
        self._verified.clear()
        self._learnt_at = time.monotonic()

    def is_stale(self) -> bool:
        """Whether a key may have been retired meanwhile."""
        return time.monotonic() - self._learnt_at > KEYS_LAST_SECONDS

    def lacks_key_of(self, token: str) -> bool:
        """Whether the token names a key that was not learnt. What is no token, or names none, lacks none."""
        if token in self._verified:
            return False
        try:
            named = jws.extract_compact(token.encode()).headers().get("kid")
        except _NOT_A_TOKEN:
            return False
        return isinstance(named, str) and named not in self._keys

    def verify(self, token: str) -> Caller:
        """The caller behind a token; raises Refused (401) with the reason."""
        caller = self._verified.get(token)
        if caller is None:
            caller = self._decode(token)
            self._verified[token] = caller
            if len(self._verified) > TOKENS_REMEMBERED:
                self._verified.popitem(last=False)
        if caller.expires_at <= time.time():
            raise _refused("token has expired")
        return caller

    def _decode(self, token: str) -> Caller:
        if not self._keys:
            raise _refused("no signing key is known yet")
        try:
            claims = jwt.decode(token, KeySet(list(self._keys.values())), algorithms=["ES256"]).claims
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": ISSUER},
                sub={"essential": True},
                exp={"essential": True},
            ).validate(claims)
        except _NOT_A_TOKEN as error:
            raise _refused(str(error)) from error
        return Caller(
            client_id=claims["sub"],
            kind=claims["kind"],
            scopes=frozenset(claims["scope"].split()),
            visible=visible_to(claims["kind"], schools=tuple(claims["schools"]), stage=claims["stage"]),
            expires_at=claims["exp"],
            signed_in_at=claims.get("auth_time"),
        )


# What every feed token begins with: who finds one somewhere knows what it is.
FEED_TOKEN_PREFIX = "tzfeed_"  # noqa: S105 a prefix


def new_feed_token() -> str:
    """A token that a feed reader reads its owner's feeds with: 256 random bits, shown once."""
    return FEED_TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest_of_feed_token(token: str) -> bytes:
    """What is kept of a feed token."""
    return sha256(token.encode()).digest()


def visible_to(kind: str, *, schools: tuple[str, ...], stage: str | None) -> Visible:
    """What a kind of client may see: a school its own, a centre its stage, bureau and auditor the district."""
    if kind in {"bureau", "auditor"}:
        return Visible(district=True)
    if kind == "centre":
        return Visible(stage=stage)
    return Visible(schools=schools)


def _refused(reason: str) -> Refused:
    return Refused("unauthenticated", reason=reason, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
