"""Sign-in with the district's own provider: a small one that others wrote runs as a process of its own."""

import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from services.ledger_api.app import identity_provider
from services.ledger_api.identity_provider import Attempt
from services.ledger_api.open_id import ATTEMPT_COOKIE, seal_attempt
from shared.settings import Settings
from tests.world.district import District
from tests.world.identity_provider import free_port, running_provider
from tests.world.standard import S1

BROWSER = {"Accept": "text/html,*/*"}
KINDS = "head=school,audit=auditor,office=centre"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider(free_port()) as address:
        yield address


@pytest.fixture
def door(school: District, issuer: str) -> District:
    """The standard schools, whose ledger API sends people to the provider."""
    _trust(school, issuer)
    return school


def _trust(school: District, issuer: str) -> None:
    settings = Settings(_env_file=None, oidc_issuer=issuer, oidc_client_secret="s", oidc_kinds=KINDS)
    school.ledger_app.state.identity_provider = identity_provider(settings)


async def _begin(door: District) -> str:
    """Where the browser is sent to."""
    begun = await door.ledger.get("/oauth/openid", headers=BROWSER)
    assert begun.status_code == 303, begun.text
    assert {"HttpOnly", "SameSite=lax", "Path=/oauth/openid"} <= set(begun.headers["set-cookie"].split("; "))
    return begun.headers["location"]


async def _agree(address: str, **claims: object) -> str:
    """The person signs in at the provider; the address that it sends the browser back to."""
    parts = urlsplit(address)
    async with httpx.AsyncClient(trust_env=False) as person:
        told = await person.put(f"{parts.scheme}://{parts.netloc}/users/li", json=claims)
        assert told.is_success, told.text
        answer = await person.post(address, data={"sub": "li"})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def _with(address: str, **changed: str) -> str:
    parts = urlsplit(address)
    return parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **changed})).geturl()


async def _refusal(door: District, back: str, *, because: str = "") -> tuple[int, str]:
    """What is said to a program; the browser is led to the page, which says the same."""
    answer = await door.ledger.get(back)
    code: str = answer.json()["code"]
    assert because in answer.json()["detail"]
    shown = await door.ledger.get(back, headers=BROWSER)
    assert shown.status_code == 303
    # A code is good once: what is wrong with a token is said before, and after that the code is.
    assert shown.headers["location"] in {f"/#refused={code}", "/#refused=id_token_invalid"}
    assert "taizhang_session" not in door.ledger.cookies
    return answer.status_code, code


async def _come(door: District, **claims: object) -> httpx.Response:
    return await door.ledger.get(await _agree(await _begin(door), **claims), headers=BROWSER)


async def test_a_head_signs_in_for_her_schools(door: District) -> None:
    entered = await _come(door, role=["teacher", "head"], schools=[S1], name="李")
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = next(each for each in entered.headers.get_list("set-cookie") if each.startswith("taizhang_session"))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    who = (await door.ledger.get("/oauth/token_info")).json()
    assert (who["kind"], who["schools"], who["client_id"][:7]) == ("school", [S1], "person-")
    renewed = await door.ledger.post("/oauth/session/renewal", headers={"Origin": "http://taizhang"})
    assert renewed.status_code == 200


async def test_the_provider_says_anew_who_a_person_is_and_the_operator_may_shut_them_out(door: District) -> None:
    await _come(door, role="head", schools=f"{S1}")
    first = (await door.ledger.get("/oauth/token_info")).json()
    await _come(door, role="office", stage="primary")
    second = (await door.ledger.get("/oauth/token_info")).json()
    assert first["client_id"] == second["client_id"]
    assert (second["kind"], second["stage"], second["schools"]) == ("centre", "primary", [])
    assert len(await door.fetch("select from ledger.api_client where client_id = $1", first["client_id"])) == 1
    await door.fetch("update ledger.api_client set revoked_at = now() where client_id = $1", first["client_id"])
    door.ledger.cookies.clear()
    assert (await _come(door, role="office", stage="primary")).headers["location"] == "/#refused=invalid_client"


async def test_what_is_asked_of_the_provider_binds_the_answer_to_this_browser(door: District) -> None:
    asked = [dict(parse_qsl(urlsplit(await _begin(door)).query)) for _ in range(2)]
    assert asked[0]["code_challenge_method"] == "S256"
    assert asked[0]["redirect_uri"] == "http://taizhang/oauth/openid/callback"
    for each in ("state", "nonce", "code_challenge"):
        assert len(asked[0][each]) >= 43
        assert asked[0][each] != asked[1][each]


async def test_another_browsers_answer_and_a_late_one_are_refused(door: District) -> None:
    back = await _agree(await _begin(door), role="audit")
    assert await _refusal(door, _with(back, state="another")) == (400, "sign_in_lost")
    door.ledger.cookies.clear()
    assert await _refusal(door, back) == (400, "sign_in_lost")
    attempt = Attempt(state=dict(parse_qsl(urlsplit(back).query))["state"])
    late = seal_attempt(door.key, attempt, ends_at=int(time.time()) - 1)
    refused = await door.ledger.get(back, headers={"Cookie": f"{ATTEMPT_COOKIE}={late}"})
    assert (refused.status_code, refused.json()["code"]) == (400, "sign_in_lost")


async def test_a_token_of_another_sign_in_is_refused(door: District) -> None:
    back = await _agree(_with(await _begin(door), nonce="of-another"), role="audit")
    assert await _refusal(door, back, because="nonce") == (401, "id_token_invalid")


async def test_a_code_is_good_once(door: District) -> None:
    back = await _agree(await _begin(door), role="audit")
    cookie = {"Cookie": f"{ATTEMPT_COOKIE}={door.ledger.cookies[ATTEMPT_COOKIE]}"}
    assert (await door.ledger.get(back)).status_code == 303
    door.ledger.cookies.clear()
    refused = await door.ledger.get(back, headers=cookie)
    assert (refused.status_code, refused.json()["code"]) == (401, "id_token_invalid")


async def test_another_issuers_token_is_refused(door: District, issuer: str) -> None:
    back = await _agree(await _begin(door), role="audit")
    assert await _refusal(door, _with(back, iss="https://elsewhere.example")) == (401, "id_token_invalid")
    # The provider names itself as it is called: by another name it makes another issuer's tokens.
    provider = door.ledger_app.state.identity_provider
    description = dict(provider._description)
    provider._description = {
        **description,
        "token_endpoint": description["token_endpoint"].replace("localhost", "127.0.0.1"),
    }
    back = await _agree(await _begin(door), role="audit")
    assert await _refusal(door, back, because="iss") == (401, "id_token_invalid")
    _trust(door, issuer.replace("localhost", "127.0.0.1") + "/")
    assert (await door.ledger.get("/oauth/openid")).json()["code"] == "provider_unavailable"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, "role_unknown"),
        ({"role": "janitor"}, "role_unknown"),
        ({"role": ["head", "audit"]}, "role_unknown"),
        ({"role": "head"}, "role_without_schools"),
        ({"role": "head", "schools": ["9999900001"]}, "role_without_schools"),
        ({"role": "head", "schools": [S1, "*"]}, "role_without_schools"),
        ({"role": "office", "stage": "both"}, "role_without_stage"),
    ],
)
async def test_a_person_without_a_place_here_is_told_what_is_lacking(
    door: District, claims: dict[str, object], code: str
) -> None:
    assert await _refusal(door, await _agree(await _begin(door), **claims)) == (403, code)


async def test_who_says_no_at_the_provider_comes_back_to_the_page(door: District) -> None:
    address = await _begin(door)
    async with httpx.AsyncClient(trust_env=False) as person:
        back = (await person.post(address, data={"action": "deny"})).headers["location"]
    state = dict(parse_qsl(urlsplit(address).query))["state"]
    assert await _refusal(door, _with(back, state=state)) == (403, "provider_refused")


async def test_a_token_that_has_expired_is_refused_and_new_keys_are_learnt(school: District) -> None:
    port = free_port()
    with running_provider(port) as address:
        _trust(school, address)
        assert (await _come(school, role="audit")).headers["location"] == "/"
    school.ledger.cookies.clear()
    # It comes back with another key, and tokens that were over two minutes ago.
    with running_provider(port, "--token-max-age", "-120"):
        back = await _agree(await _begin(school), role="audit")
        assert await _refusal(school, back, because="expired") == (401, "id_token_invalid")
    with running_provider(port):
        assert (await _come(school, role="audit")).headers["location"] == "/"
    assert (await school.ledger.get("/oauth/openid")).status_code == 303
    _trust(school, address)
    gone = await school.ledger.get("/oauth/openid")
    assert (gone.status_code, gone.json()["code"]) == (503, "provider_unavailable")


async def test_without_a_provider_there_is_none_to_go_to(school: District) -> None:
    assert (await school.ledger.get("/oauth/openid")).json()["code"] == "no_provider"
