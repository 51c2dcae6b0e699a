"""A token says who asks and what they may see; whatever the ledger did not sign is refused."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from shared.database import Visible
from shared.problems import Refused
from shared.tokens import ISSUER, LIFETIME_SECONDS, TOKENS_REMEMBERED, Caller, Verifier, issue
from shared.vocabulary import SCOPES_OF

KEY = ECKey.generate_key("P-256", auto_kid=True)
OTHER_KEY = ECKey.generate_key("P-256", auto_kid=True)
SCHOOL = "3101150001"


def public(key: ECKey) -> dict[str, Any]:
    """What the database keeps of a key."""
    return dict(key.as_dict(private=False))


def verifier_of(*keys: ECKey) -> Verifier:
    """A verifier that knows these keys."""
    verifier = Verifier()
    verifier.learn(public(key) for key in keys)
    return verifier


def token_of(key: ECKey = KEY, kind: str = "school") -> str:
    """A token as the ledger gives it to a client."""
    return issue(key, client_id="sis-1", kind=kind, schools=[SCHOOL], stage="primary")


def claims_of(**given: Any) -> dict[str, Any]:
    """The claims of a good token, some of them others; those given as None are left out."""
    now = int(time.time())
    claims = {
        "iss": ISSUER, "sub": "sis-1", "iat": now, "exp": now + LIFETIME_SECONDS, "kind": "school",
        "scope": "ledger.read", "schools": [SCHOOL], "stage": None, **given,
    }  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None or name == "stage"}


def signed(claims: dict[str, Any], *, key: ECKey = KEY, **header: Any) -> str:
    """These claims under a key's own signature."""
    return jwt.encode({"alg": "ES256", "kid": key.kid, **header}, claims, key, algorithms=["ES256"])


def part(value: object) -> str:
    """A part of a token that nobody need have signed."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def refusal_of(verifier: Verifier, token: str) -> Refused:
    """How a token is refused; fails when it is taken."""
    with pytest.raises(Refused) as refused:
        verifier.verify(token)
    assert (refused.value.status, refused.value.code) == (401, "unauthenticated")
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return refused.value


@pytest.mark.parametrize("kind", sorted(SCOPES_OF))
def test_a_token_says_who_asks_and_what_for(kind: str) -> None:
    caller = verifier_of(KEY).verify(token_of(kind=kind))
    assert (caller.client_id, caller.kind, caller.scopes) == ("sis-1", kind, SCOPES_OF[kind])
    assert 0 < caller.expires_at - time.time() <= LIFETIME_SECONDS


@pytest.mark.parametrize(
    ("kind", "visible"),
    [
        ("school", Visible(schools=(SCHOOL,))),
        ("sandbox", Visible(schools=(SCHOOL,))),
        ("centre", Visible(stage="primary")),
        ("bureau", Visible(district=True)),
        ("auditor", Visible(district=True)),
    ],
)
def test_a_kind_of_client_sees_its_own_part_of_the_district(kind: str, visible: Visible) -> None:
    assert verifier_of(KEY).verify(token_of(kind=kind)).visible == visible


def test_a_school_writes_for_itself_alone() -> None:
    caller = verifier_of(KEY).verify(token_of())
    assert caller.may_write_for(SCHOOL)
    assert not caller.may_write_for("3101150002")
    assert not caller.may_write_for("district")


def test_the_bureau_writes_for_the_district() -> None:
    assert verifier_of(KEY).verify(token_of(kind="bureau")).may_write_for("district")


def test_a_stage_centres_token_alone_names_no_school() -> None:
    """Which schools are of its stage the register says, when it writes."""
    assert not verifier_of(KEY).verify(token_of(kind="centre")).may_write_for(SCHOOL)


def test_a_token_verifies_again_and_again() -> None:
    verifier, token = verifier_of(KEY), token_of()
    assert verifier.verify(token) == verifier.verify(token)


def test_two_tokens_of_one_client_are_not_the_same() -> None:
    assert token_of() != token_of()


def test_an_expired_token_is_refused() -> None:
    assert "expired" in str(refusal_of(verifier_of(KEY), signed(claims_of(exp=int(time.time()) - 1))).values["reason"])


def test_a_token_that_verified_is_refused_once_it_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, token = verifier_of(KEY), token_of()
    ends_at = verifier.verify(token).expires_at
    monkeypatch.setattr("shared.tokens.time.time", lambda: float(ends_at))
    assert refusal_of(verifier, token).values["reason"] == "token has expired"


def test_a_token_of_another_key_is_refused() -> None:
    refusal_of(verifier_of(KEY), token_of(OTHER_KEY))


def test_a_token_of_another_key_under_a_known_name_is_refused() -> None:
    refusal_of(verifier_of(KEY), signed(claims_of(), key=OTHER_KEY, kid=KEY.kid))


@pytest.mark.parametrize("wrong", [{"iss": "someone-else"}, {"iss": None}, {"sub": None}, {"exp": None}])
def test_a_token_that_lacks_an_essential_claim_or_is_anothers_is_refused(wrong: dict[str, Any]) -> None:
    refusal_of(verifier_of(KEY), signed(claims_of(**wrong)))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE"])
def test_a_token_without_signature_is_refused(algorithm: str) -> None:
    header = part({"alg": algorithm, "kid": KEY.kid})
    refusal_of(verifier_of(KEY), f"{header}.{part(claims_of())}.")


def test_a_public_key_used_as_a_shared_secret_is_refused() -> None:
    signed_part = f"{part({'alg': 'HS256', 'kid': KEY.kid})}.{part(claims_of())}"
    mac = hmac.digest(KEY.as_pem(private=False), signed_part.encode(), "sha256")
    refusal_of(verifier_of(KEY), f"{signed_part}.{part(mac)}")


def test_a_key_of_another_kind_in_the_header_is_not_believed() -> None:
    stranger = RSAKey.generate_key(2048, auto_kid=True)
    header = {"alg": "RS256", "kid": KEY.kid, "jwk": stranger.as_dict(private=False)}
    token = jws.serialize_compact(header, json.dumps(claims_of()), stranger, algorithms=["RS256"])
    refusal_of(verifier_of(KEY), token)


def test_without_any_key_every_token_is_refused() -> None:
    assert refusal_of(Verifier(), token_of()).values["reason"] == "no signing key is known yet"


def test_a_token_whose_key_is_gone_is_no_longer_good() -> None:
    verifier, token = verifier_of(KEY, OTHER_KEY), token_of()
    verifier.verify(token)
    verifier.learn([public(OTHER_KEY)])
    refusal_of(verifier, token)
    verifier.verify(token_of(OTHER_KEY))


@settings(max_examples=60)
@given(st.data())
def test_a_token_changed_in_any_place_is_refused(data: st.DataObject) -> None:
    token = token_of()
    place = data.draw(st.integers(0, len(token) - 1))
    # The last character of a part holds bits that no byte uses; there another letter may be the same token.
    if place == len(token) - 1 or token[place + 1] == ".":
        place -= 1
    other = data.draw(st.sampled_from("ABCxyz019-_.").filter(lambda letter: letter != token[place]))
    refusal_of(verifier_of(KEY), token[:place] + other + token[place + 1 :])


NO_TOKENS = [
    "", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "\ud800",
    *(
        f"{part(header)}.{part({})}.{part(b's' * 64)}"
        for header in (
            None, 3, "x", [1], {}, {"alg": ["ES256"]}, {"alg": "ES256", "kid": ["k"]}, {"alg": "ES256", "kid": {}},
            {"alg": "ES256", "kid": 3}, {"alg": "ES256", "kid": None}, {"alg": "ES256", "kid": KEY.kid, "crit": 3},
            {"alg": "ES256", "kid": KEY.kid, "crit": ["exp"]}, b"[" * 9000 + b"]" * 9000, b'{"kid":' * 9000, b"\xff",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("token", NO_TOKENS)
def test_what_is_no_token_is_refused_and_nothing_else_happens(token: str) -> None:
    refusal_of(verifier_of(KEY), token)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(KEY.kid),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip", "jwk", "x5c"]), json_values, max_size=4
    ),
    json_values,
)
@example({"alg": "ES256", "kid": KEY.kid, "crit": ["b64"], "b64": False}, {})
def test_a_header_of_any_shape_is_refused(header: dict[str, object], payload: object) -> None:
    token = f"{part(header)}.{part(payload)}.{part(b's' * 64)}"
    verifier = verifier_of(KEY)
    refusal_of(verifier, token)
    # No header makes a verifier ask for a key but one that names another.
    assert not verifier.lacks_key_of(token) or (isinstance(header["kid"], str) and header["kid"] != KEY.kid)


def test_a_token_of_a_key_not_yet_learnt_says_so() -> None:
    verifier = verifier_of(KEY)
    assert verifier.lacks_key_of(token_of(OTHER_KEY))
    verifier.learn([public(KEY), public(OTHER_KEY)])
    assert not verifier.lacks_key_of(token_of(OTHER_KEY))


def test_a_token_of_a_known_key_lacks_none() -> None:
    assert not verifier_of(KEY).lacks_key_of(token_of())


@pytest.mark.parametrize("token", NO_TOKENS)
def test_what_is_no_token_or_names_no_key_lacks_none(token: str) -> None:
    assert not verifier_of(KEY).lacks_key_of(token)


def test_only_so_many_verified_tokens_are_remembered() -> None:
    verifier = verifier_of(KEY)
    remembered = Caller("sis-1", "school", frozenset(), Visible(), int(time.time()) + 60)
    verifier._verified.update({f"earlier {place}": remembered for place in range(TOKENS_REMEMBERED)})
    verifier.verify(token_of())
    assert len(verifier._verified) == TOKENS_REMEMBERED
    assert "earlier 0" not in verifier._verified
