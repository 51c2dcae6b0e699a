"""The district's own OpenID Connect provider: what it is asked, and what its ID token says a person is.

Authorization code with PKCE (RFC 7636); the ID token's signature, issuer, audience, time and nonce are checked with the
keys that the provider publishes now: a token of a key that is not known yet has them read again.
"""

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.ledger_api.identity_claims import ClaimNames, Person, person_of
from shared.problems import Refused

# Signatures that the provider alone can make: none that a shared secret, or nobody, makes.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")
TIMEOUT_SECONDS = 10.0
# A provider's description of itself is read anew after so long.
DESCRIPTION_LASTS_SECONDS = 3600.0
# Its clock and ours may differ by so much.
CLOCKS_DIFFER_SECONDS = 60
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way: what the answer must come back with, and what only we can show the provider."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


class IdentityProvider:
    """The provider that the settings name."""

    def __init__(
        self, *, issuer: str, client_id: str, client_secret: str | None, scope: str, names: ClaimNames
    ) -> None:
        """`issuer`: exactly as its tokens name it; `client_secret`: None for a public client, whom PKCE alone protects."""
        self.issuer = issuer
        self._client_id, self._client_secret = client_id, client_secret
        self._scope, self._names = scope, names
        self._description: Mapping[str, Any] = {}
        self._described_at = float("-inf")
        self._keys: KeySet | None = None

    async def address_for(self, attempt: Attempt, *, back_to: str) -> str:
        """Where the person's browser goes to sign in; raises Refused (503)."""
        description = await self._describe()
        challenge = urlsafe_b64encode(sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": back_to,
            "scope": self._scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint: str = description["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def person(self, attempt: Attempt, code: str, *, back_to: str) -> Person:
        """Who signed in, for an authorization code; raises Refused (401, 403, 503)."""
        description = await self._describe()
        answer = await self._redeem(description, attempt, code, back_to)
        claims = await self._claims_of(answer.get("id_token"), attempt.nonce)
        access_token, endpoint = answer.get("access_token"), description.get("userinfo_endpoint")
        # Some providers put a person's roles there alone.
        if not self._names.kind_is_in(claims) and access_token and endpoint:
            told = await _ask("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
            if told.get("sub") != claims["sub"]:
                raise Refused("id_token_invalid", reason="userinfo is about somebody else")
            claims = {**told, **claims}
        return person_of(claims, self._names, issuer=self.issuer)

    async def _redeem(
        self, description: Mapping[str, Any], attempt: Attempt, code: str, back_to: str
    ) -> Mapping[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back_to,
            "code_verifier": attempt.verifier,
        }
        basic: httpx.BasicAuth | None = None
        if self._client_secret is None:
            fields["client_id"] = self._client_id
        elif "client_secret_basic" in description.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            basic = httpx.BasicAuth(self._client_id, self._client_secret)
        else:
            fields |= {"client_id": self._client_id, "client_secret": self._client_secret}
        return await _ask("POST", description["token_endpoint"], data=fields, auth=basic)

    async def _claims_of(self, id_token: object, nonce: str) -> dict[str, Any]:
        if not isinstance(id_token, str):
            raise Refused("id_token_invalid", reason="there is none")
        keys = self._keys or await self._read_keys()
        try:
            claims = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            # The provider may have a new key since.
            claims = await self._decoded_anew(id_token)
        try:
            jwt.JWTClaimsRegistry(
                leeway=CLOCKS_DIFFER_SECONDS,
                iss={"essential": True, "value": self.issuer},
                sub={"essential": True},
                aud={"essential": True, "value": self._client_id},
                exp={"essential": True},
                iat={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise Refused("id_token_invalid", reason=str(error)) from error
        if not secrets.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
            raise Refused("id_token_invalid", reason="its nonce is not that of this sign-in")
        if claims.get("azp", self._client_id) != self._client_id:
            raise Refused("id_token_invalid", reason="it was made for another client")
        return claims

    async def _decoded_anew(self, id_token: str) -> dict[str, Any]:
        try:
            return jwt.decode(id_token, await self._read_keys(), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            raise Refused("id_token_invalid", reason=str(error)) from error

    async def _describe(self) -> Mapping[str, Any]:
        """The provider's configuration (OpenID Connect Discovery 1.0 §4), which must be that of the issuer we know."""
        if time.monotonic() - self._described_at < DESCRIPTION_LASTS_SECONDS:
            return self._description
        told = await _ask("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self.issuer:
            raise Refused("provider_unavailable", reason=f"it calls itself {told.get('issuer')}, not {self.issuer}")
        if lacking := [name for name in _NEEDED if not isinstance(told.get(name), str)]:
            raise Refused("provider_unavailable", reason=f"its configuration has no {lacking[0]}")
        self._description, self._described_at = told, time.monotonic()
        return told

    async def _read_keys(self) -> KeySet:
        told = await _ask("GET", (await self._describe())["jwks_uri"])
        try:
            self._keys = KeySet.import_key_set({"keys": told["keys"]})
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Refused("provider_unavailable", reason="its keys cannot be read") from error
        return self._keys


async def _ask(method: str, address: str, **options: Any) -> dict[str, Any]:
    """What the provider answers, a JSON object; raises Refused: (503) when it does not, (401) when it takes no code."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            answer = await client.request(
                method, address, headers={"Accept": "application/json"} | options.pop("headers", {}), **options
            )
        told = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Refused("provider_unavailable", reason=type(error).__name__) from error
    if not isinstance(told, dict):
        raise Refused("provider_unavailable", reason="its answer is no object")
    if answer.is_client_error and method == "POST":
        raise Refused("id_token_invalid", reason=str(told.get("error", answer.status_code)))
    if not answer.is_success:
        raise Refused("provider_unavailable", reason=str(answer.status_code))
    return told
