"""Sign-in: client credentials for a short-lived token that both services verify; keys that are published."""

import json
import time

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from services.cli.clients import NewClient, create_client
from tests.world.district import District
from tests.world.standard import S1, S2


@pytest.fixture
def client(school: District) -> NewClient:
    return create_client(school.database_url, kind="school", schools=[S1], name="vendor")


async def test_a_client_signs_in_by_http_basic_or_by_form(school: District, client: NewClient) -> None:
    basic = await school.ledger.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client.client_id, client.client_secret)
    )
    form = await school.ledger.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
        },
    )
    for answer in (basic, form):
        body = answer.json()
        assert answer.status_code == 200
        assert (body["token_type"], "ledger.write" in body["scope"]) == ("Bearer", True)
        assert 0 < body["expires_in"] <= 3600


async def test_the_token_says_what_it_may_do(school: District, client: NewClient) -> None:
    info = (await _get(school, "/oauth/token_info", await _token(school, client))).json()
    assert (info["client_id"], info["kind"], info["schools"], info["district"]) == (
        client.client_id,
        "school",
        [S1],
        False,
    )


async def test_the_published_keys_verify_the_token(school: District, client: NewClient) -> None:
    keys = (await school.ledger.get("/.well-known/jwks.json")).json()["keys"]
    assert all("d" not in key for key in keys), "a private key is published"
    claims = jwt.decode(await _token(school, client), KeySet([ECKey.import_key(key) for key in keys])).claims
    assert (claims["sub"], claims["kind"]) == (client.client_id, "school")
    assert claims["exp"] > time.time()


async def test_both_services_take_the_token(school: District, client: NewClient) -> None:
    token = await _token(school, client)
    assert (await _get(school, f"/v1/chains/{S1}", token)).status_code == 200
    answer = await school.reporting.get("/v1/findings", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_what_is_wrong_with_a_sign_in_is_said(
    school: District, client: NewClient, given: dict[str, str], status: int, code: str
) -> None:
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": client.client_secret}
    answer = await school.ledger.post("/oauth/token", data=form | given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_revoked_client_signs_in_no_more(school: District, client: NewClient) -> None:
    await school.fetch("update ledger.api_client set revoked_at = now() where client_id = $1", client.client_id)
    answer = await school.ledger.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client.client_id, client.client_secret)
    )
    assert answer.status_code == 401


async def test_the_secret_is_kept_as_a_hash_only(school: District, client: NewClient) -> None:
    (row,) = await school.fetch("select * from ledger.api_client where client_id = $1", client.client_id)
    assert client.client_secret not in str(row)
    assert row["secret_hash"].startswith("$argon2id$")


async def test_a_key_that_came_after_the_start_is_learnt(school: District) -> None:
    """Another ledger API with a newer key has signed the token: both services learn the key from the database."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    school.key = key
    token = school.bureau.token
    assert (await _get(school, f"/v1/chains/{S1}", token)).status_code == 401
    await school.fetch(
        "insert into ledger.signing_key (kid, public_jwk) values ($1, $2::text::jsonb)",
        key.kid,
        json.dumps(key.as_dict(private=False)),
    )
    assert (await _get(school, f"/v1/chains/{S1}", token)).status_code == 200
    answer = await school.reporting.get("/v1/findings", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_a_school_client_names_its_schools_and_a_centre_its_stage(database_url: str) -> None:
    with pytest.raises(ValueError, match="--school"):
        create_client(database_url, kind="school")
    with pytest.raises(ValueError, match="--stage"):
        create_client(database_url, kind="centre")


async def _token(school: District, client: NewClient) -> str:
    answer = await school.ledger.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client.client_id, client.client_secret)
    )
    token: str = answer.json()["access_token"]
    return token


async def _get(school: District, path: str, token: str) -> httpx.Response:
    return await school.ledger.get(path, headers={"Authorization": f"Bearer {token}"})


async def test_nobody_reads_another_school(school: District) -> None:
    await school.school(S2).get(f"/v1/chains/{S1}", expect=404)


async def test_a_client_may_ask_for_fewer_scopes_and_for_no_other(school: District, client: NewClient) -> None:
    async def ask(scope: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", "scope": scope}
        return await school.ledger.post("/oauth/token", data=form, auth=(client.client_id, client.client_secret))

    token = (await ask("ledger.read")).json()
    assert token["scope"] == "ledger.read"
    info = (await _get(school, "/oauth/token_info", token["access_token"])).json()
    assert info["scopes"] == ["ledger.read"]
    refused = await ask("ledger.read oversight.write")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_scope")
