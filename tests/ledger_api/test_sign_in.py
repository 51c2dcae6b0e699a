"""Sign-in of people: a link that is good once, a session in a cookie that only our own page can use."""

from typing import Any

import httpx
import pytest

from services.cli.clients import NewClient, create_client, make_link
from services.ledger_api.app import create_app as create_ledger
from shared.settings import Settings
from shared.tokens import issue
from tests.world.district import District
from tests.world.standard import S1, session

PAGE = {"Origin": "http://taizhang"}
ELSEWHERE = {"Origin": "https://elsewhere.example"}


@pytest.fixture
def client(school: District) -> NewClient:
    return create_client(school.database_url, kind="school", schools=[S1])


async def _link(school: District, client: NewClient) -> str:
    token = (
        await school.ledger.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client.client_id, client.client_secret)
        )
    ).json()["access_token"]
    answer = await school.ledger.post("/oauth/links", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    code: str = answer.json()["code"]
    return code


async def _enter(school: District, **fields: str) -> httpx.Response:
    return await school.ledger.post("/oauth/session", data=fields, headers=PAGE)


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_a_link_signs_in_once(school: District, client: NewClient) -> None:
    code = await _link(school, client)
    entered = await _enter(school, code=code)
    assert (entered.status_code, entered.json()["client_id"]) == (200, client.client_id)
    school.ledger.cookies.clear()
    assert _code(await _enter(school, code=code)) == (401, "spent_link")


async def test_the_operator_makes_links_too_and_for_clients_alone(school: District, client: NewClient) -> None:
    entered = await _enter(school, code=make_link(school.database_url, client.client_id))
    assert entered.json()["client_id"] == client.client_id
    with pytest.raises(ValueError, match="nobody is no client"):
        make_link(school.database_url, "nobody")


async def test_a_link_ends_after_ten_minutes_and_only_its_digest_is_kept(school: District, client: NewClient) -> None:
    code = await _link(school, client)
    (row,) = await school.fetch("select code_digest, expires_at - now() as left from ledger.sign_in_link")
    assert code.encode() not in row["code_digest"]
    assert 590 < row["left"].total_seconds() <= 600
    await school.fetch("update ledger.sign_in_link set expires_at = now() - interval '1 second'")
    assert _code(await _enter(school, code=code)) == (401, "spent_link")


async def test_a_clients_id_and_secret_sign_in_and_a_wrong_secret_does_not(school: District, client: NewClient) -> None:
    entered = await _enter(school, client_id=client.client_id, client_secret=client.client_secret)
    assert entered.json()["schools"] == [S1]
    school.ledger.cookies.clear()
    assert _code(await _enter(school, client_id=client.client_id, client_secret="x")) == (401, "invalid_client")
    assert _code(await _enter(school)) == (401, "invalid_client")


async def test_the_cookie_is_for_no_script_and_no_other_site(school: District, client: NewClient) -> None:
    cookie = (await _enter(school, code=await _link(school, client))).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=3600"} <= set(cookie.split("; "))


async def test_behind_tls_the_cookie_never_travels_in_the_clear(school: District, client: NewClient) -> None:
    school.ledger_app.state.page_origin = "https://taizhang"
    assert "Secure" in (await _enter(school, code=await _link(school, client))).headers["set-cookie"]


async def test_both_services_take_the_cookie(school: District, client: NewClient) -> None:
    await _enter(school, code=await _link(school, client))
    assert (await school.ledger.get("/oauth/token_info")).json()["client_id"] == client.client_id
    school.reporting.cookies = school.ledger.cookies
    assert (await school.reporting.get("/v1/findings")).status_code == 200


@pytest.mark.parametrize("headers", [ELSEWHERE, {}, {"Origin": "null"}], ids=["another site", "no origin", "a sandbox"])
async def test_only_our_page_acts_by_the_cookie(school: District, client: NewClient, headers: dict[str, str]) -> None:
    await _enter(school, code=await _link(school, client))
    refused = await school.ledger.post("/v1/sessions", json=session(), headers=headers)
    assert _code(refused) == (403, "foreign_page")
    assert await school.fetch("select from ledger.session_revision") == []
    assert (await school.ledger.post("/v1/sessions", json=session(), headers=PAGE)).json()["created"] == 1


async def test_no_other_site_signs_anybody_in_or_out(school: District, client: NewClient) -> None:
    code = await _link(school, client)
    assert _code(await school.ledger.post("/oauth/session", data={"code": code}, headers=ELSEWHERE)) == (
        403,
        "foreign_page",
    )
    assert _code(await school.ledger.delete("/oauth/session", headers=ELSEWHERE)) == (403, "foreign_page")
    await _enter(school, code=code)
    gone = await school.ledger.delete("/oauth/session", headers=PAGE)
    assert gone.status_code == 204
    assert (await school.ledger.get("/oauth/token_info")).status_code == 401


async def test_a_bearer_token_counts_before_the_cookie_and_needs_no_origin(school: District, client: NewClient) -> None:
    await _enter(school, code=await _link(school, client))
    answer = await school.bureau.send("GET", "/oauth/token_info")
    assert answer.json()["kind"] == "bureau"
    assert (await school.school(S1).post("sessions", session()))["created"] == 1


async def test_a_session_is_renewed_until_the_working_day_is_over(school: District, client: NewClient) -> None:
    await _enter(school, code=await _link(school, client))
    assert (await school.ledger.post("/oauth/session/renewal", headers=PAGE)).status_code == 200

    def token(**given: Any) -> dict[str, str]:
        made = issue(school.key, client_id=client.client_id, kind="school", schools=[S1], stage=None, **given)
        return {**PAGE, "Cookie": f"taizhang_session={made}"}

    school.ledger.cookies.clear()
    for headers in (token(signed_in_at=1), token()):
        refused = await school.ledger.post("/oauth/session/renewal", headers=headers)
        assert _code(refused) == (401, "unauthenticated")


async def test_a_revoked_client_gets_no_session_and_no_renewal(school: District, client: NewClient) -> None:
    spare, code = await _link(school, client), await _link(school, client)
    await _enter(school, code=code)
    await school.fetch("update ledger.api_client set revoked_at = now()")
    assert _code(await school.ledger.post("/oauth/session/renewal", headers=PAGE)) == (401, "unauthenticated")
    assert _code(await _enter(school, code=spare)) == (401, "spent_link")


async def test_a_browser_lets_the_page_read_the_answers_and_no_other_page() -> None:
    app = create_ledger(Settings(_env_file=None, reporting_url="https://reports.example"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://taizhang") as browser:
        for origin, allowed in (
            ("https://reports.example", "https://reports.example"),
            ("https://elsewhere.example", None),
        ):
            asked = await browser.options(
                "/v1/reviews", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
            )
            assert asked.headers.get("access-control-allow-origin") == allowed
            said = await browser.get("/livez", headers={"Origin": origin})
            assert said.headers.get("access-control-allow-origin") == allowed
