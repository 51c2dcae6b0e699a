"""Feed tokens: what a feed reader reads its owner's feeds with and nothing else, until its owner revokes it."""

from typing import Any

import feedparser
import httpx
import pytest

from services.cli.clients import create_client
from shared.tokens import digest_of_feed_token, issue
from tests.world.changes import changes, find_in_both
from tests.world.district import District, Json, Voice
from tests.world.standard import S1, S2

PATH = "/v1/feed-tokens"
ATOM, JSON_FEED = "/v1/findings/feed.atom", "/v1/findings/feed.json"


async def _made(voice: Voice, *, key: str | None = None, **given: Any) -> Json:
    answer = await voice.send("POST", PATH, json=given, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body: Json = answer.json()
    return body


async def _read(school: District, token: str, path: str = ATOM, **parameters: str) -> httpx.Response:
    """As a feed reader asks: no header but what it needs."""
    return await school.reporting.get(path, params={"token": token, **parameters})


async def test_a_reader_reads_the_feed_by_the_address_or_by_a_password(school: District) -> None:
    await find_in_both(school)
    token = (await _made(school.auditor, name="办公室的阅读器"))["token"]
    for answer in (
        await _read(school, token),
        await school.reporting.get(ATOM, auth=("any name", token)),
    ):
        assert answer.status_code == 200, answer.text
        parsed = feedparser.parse(answer.content)
        assert (parsed.version, len(parsed.entries)) == ("atom10", 2)
    assert len((await _read(school, token, JSON_FEED, school_id=S1)).json()["items"]) == 1


async def test_who_came_by_the_address_is_led_on_by_it_and_others_are_not_told(school: District) -> None:
    await find_in_both(school)
    await changes(school, S1, 260)
    token = (await _made(school.auditor))["token"]
    feed = (await _read(school, token, JSON_FEED)).json()
    assert f"token={token}" in feed["next_url"]
    older = await school.reporting.get(feed["next_url"])
    assert older.status_code == 200
    by_password = await school.reporting.get(JSON_FEED, auth=("x", token))
    assert token not in by_password.text


async def test_it_shows_what_its_owner_sees_and_opens_nothing_else(school: District) -> None:
    await find_in_both(school)
    token = (await _made(school.school(S2)))["token"]
    text = (await _read(school, token, JSON_FEED)).text
    assert S2 in text
    assert S1 not in text
    for path in ("/v1/findings", "/v1/findings/events", "/v1/reports/district", "/v1/ledger/sessions"):
        for answer in (
            await _read(school, token, path),
            await school.reporting.get(path, auth=("x", token)),
            await school.reporting.get(path, headers={"Authorization": f"Bearer {token}"}),
        ):
            assert answer.status_code == 401, path


async def test_a_revoked_token_and_one_of_a_revoked_client_read_nothing(school: District) -> None:
    made = await _made(school.auditor)
    assert (await _read(school, made["token"])).status_code == 200
    assert [each["token_id"] for each in (await school.auditor.get(PATH))["items"]] == [made["token_id"]]
    assert (await school.school(S1).send("DELETE", f"{PATH}/{made['token_id']}")).status_code == 404
    assert (await school.auditor.send("DELETE", f"{PATH}/{made['token_id']}")).status_code == 204
    refused = await _read(school, made["token"])
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert "Basic realm=" in refused.headers["www-authenticate"]
    assert (await school.auditor.get(PATH))["items"] == []
    assert (await school.auditor.send("DELETE", f"{PATH}/{made['token_id']}")).status_code == 404

    client = create_client(school.database_url, kind="school", schools=[S1])
    access = issue(school.key, client_id=client.client_id, kind="school", schools=[S1], stage=None)
    answer = await school.ledger.post(PATH, json={}, headers={"Authorization": f"Bearer {access}"})
    token = answer.json()["token"]
    assert (await _read(school, token)).status_code == 200
    await school.fetch("update ledger.api_client set revoked_at = now() where client_id = $1", client.client_id)
    assert (await _read(school, token)).status_code == 401


async def test_nothing_is_let_in_by_what_is_no_token(school: District) -> None:
    for answer in (
        await school.reporting.get(ATOM),
        await _read(school, "tzfeed_guessed"),
        await _read(school, "\ud83d\x00x".encode("utf-8", "replace").decode()),
        await school.reporting.get(ATOM, headers={"Authorization": "Basic %%%"}),
        await school.reporting.get(ATOM, auth=("", "")),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_only_its_digest_is_kept_and_no_log_has_it(school: District, capfd: pytest.CaptureFixture[str]) -> None:
    token = (await _made(school.auditor))["token"]
    (row,) = await school.fetch("select * from ledger.feed_token")
    assert token not in str(dict(row))
    assert row["token_digest"] == digest_of_feed_token(token)
    await _read(school, token)
    await _read(school, token[:-1])
    assert "tzfeed_" not in "".join(capfd.readouterr())


async def test_a_retry_with_its_key_is_one_token_whose_first_secret_ends(school: District) -> None:
    first, again = await _made(school.auditor, key="k"), await _made(school.auditor, key="k")
    assert first["token_id"] == again["token_id"]
    assert (await _read(school, first["token"])).status_code == 401
    assert (await _read(school, again["token"])).status_code == 200


async def test_a_client_has_at_most_twenty(school: District) -> None:
    for _ in range(20):
        await _made(school.auditor)
    answer = await school.auditor.send("POST", PATH, json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_subscriptions")
    await _made(school.school(S1))
