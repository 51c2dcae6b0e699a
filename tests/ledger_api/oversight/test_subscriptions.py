"""Subscriptions: whose they are, where they may lead, what they may ask for, and secrets that are shown once."""

import asyncio
import re
from ipaddress import ip_network
from typing import Any

import asyncpg
import pytest

from services.audit_worker.messages import secret_bytes
from shared.database import open_pool
from shared.sealing import Seal
from tests.world.district import District, Json, Voice
from tests.world.standard import S1, S2

PATH = "/v1/subscriptions"
URL = "https://receiver.example/hooks"


async def _send(voice: Voice, method: str, path: str = "", *, expect: int = 200, **options: Any) -> Json:
    answer = await voice.send(method, PATH + path, **options)
    assert answer.status_code == expect, answer.text
    body: Json = answer.json() if answer.content else {}
    return body


async def _subscribe(voice: Voice, *, key: str | None = None, expect: int = 201, **given: Any) -> Json:
    headers = {"Idempotency-Key": key} if key else {}
    return await _send(voice, "POST", json={"url": URL, **given}, headers=headers, expect=expect)


async def test_a_subscription_shows_its_secret_once(school: District) -> None:
    wanted = {"severity": ["high", "critical"], "rules": ["A12"], "schools": [S1]}
    new = await _subscribe(school.auditor, filter=wanted, description="审计")
    secret = new.pop("secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert (new["url"], new["filter"], new["state"], new["description"]) == (URL, wanted, "active", "审计")
    assert await _send(school.auditor, "GET", f"/{new['subscription_id']}") == new
    assert (await _send(school.auditor, "GET"))["items"] == [new]


async def test_a_secret_is_nowhere_in_the_clear(school: District, capfd: pytest.CaptureFixture[str]) -> None:
    new = await _subscribe(school.auditor)
    turned = await _send(school.auditor, "POST", f"/{new['subscription_id']}/rotate-secret")
    (row,) = await school.fetch("select secret, previous_secret from ledger.subscription")
    for secret, sealed in ((turned["secret"], row["secret"]), (new["secret"], row["previous_secret"])):
        assert secret_bytes(secret) not in sealed
        seal: Seal = school.ledger_app.state.seal
        assert seal.open(sealed, bound_to=new["subscription_id"]) == secret_bytes(secret)
    assert "whsec_" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://receiver.example/hooks", "https"),
        ("https://127.0.0.1/hooks", "not a public address"),
        ("https://[::1]/hooks", "not a public address"),
        ("https://169.254.169.254/latest/meta-data", "not a public address"),
        ("https://[::ffff:10.0.0.1]/", "not a public address"),
        ("https://user:secret@receiver.example/", "password"),
        ("https://receiver.example:22/", "port 22"),
        ("https://receiver.example/#part", "fragment"),
        ("ftp://receiver.example/", "https"),
        ("https://", "https"),
        ("https://receiver.example/a b", "spaces"),
        ("https://receiver.example:port/", "not a URL"),
    ],
)
async def test_a_url_inside_the_house_or_of_another_kind_is_refused(school: District, url: str, why: str) -> None:
    problem = await _subscribe(school.auditor, url=url, expect=422)
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == ("/url", "receiver_not_allowed")
    assert why in error["detail"]
    there = await _subscribe(school.auditor)
    assert await _send(school.auditor, "PATCH", f"/{there['subscription_id']}", json={"url": url}, expect=422)


async def test_a_network_that_the_setting_opens_may_be_named(school: District) -> None:
    school.ledger_app.state.webhook_networks = (ip_network("10.20.0.0/16"),)
    await _subscribe(school.auditor, url="http://10.20.3.4:8080/hooks")
    await _subscribe(school.auditor, url="http://10.21.3.4:8080/hooks", expect=422)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"filter": {"severity": ["grave"]}}, "/filter/severity/0"),
        ({"filter": {"rules": ["Z1"]}}, "/filter/rules/0"),
        ({"filter": {"school": [S1]}}, "/filter/school"),
        ({"secret": "whsec_mine"}, "/secret"),
        ({"url": None}, "/url"),
    ],
)
async def test_what_cannot_be_asked_for_is_named(school: District, given: Json, pointer: str) -> None:
    problem = await _subscribe(school.auditor, expect=422, **given)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_school_subscribes_to_its_own_only(school: District) -> None:
    await _subscribe(school.school(S2), filter={"schools": [S2]})
    for stranger, named in ((school.school(S2), S1), (school.voice("centre", stage="junior"), S1)):
        problem = await _subscribe(stranger, filter={"schools": [S2, named]}, expect=404)
        assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("/filter/schools/1", "unknown_school")]
    await _subscribe(school.auditor, filter={"schools": [S1, S2, "district", "centre-primary"]})
    await _subscribe(school.auditor, filter={"schools": ["3101159999"]}, expect=422)


async def test_somebody_elses_subscription_is_not_there(school: District) -> None:
    one = school.voice("auditor", client_id="one")
    two = school.voice("auditor", client_id="two")
    path = f"/{(await _subscribe(one))['subscription_id']}"
    assert (await _send(two, "GET"))["items"] == []
    await _send(two, "GET", path, expect=404)
    await _send(two, "PATCH", path, json={"state": "disabled"}, expect=404)
    await _send(two, "DELETE", path, expect=404)
    for action in ("test", "rotate-secret", "replay?from=0"):
        await _send(two, "POST", f"{path}/{action}", expect=404)
    await _send(two, "GET", f"{path}/deliveries", expect=404)
    assert (await _send(one, "GET", path))["state"] == "active"


async def test_the_database_too_shows_each_client_its_own_alone(school: District) -> None:
    await _subscribe(school.voice("auditor", client_id="one"))
    async with await open_pool(school.database_url, role="taizhang_ledger", size=1) as pool:
        for client, number in (("one", 1), ("two", 0), ("", 0)):
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("select set_config('taizhang.client', $1, true)", client)
                assert await connection.fetchval("select count(*) from ledger.subscription") == number
                if client == "two":
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(
                            "insert into ledger.subscription_request (subscription_id, kind) values ('x', 'test')"
                        )


async def test_without_the_scope_nobody_subscribes(school: District) -> None:
    reader = school.voice("auditor")
    answer = await school.ledger.post(PATH, json={"url": URL})
    assert answer.status_code == 401
    assert (await _send(reader, "GET"))["items"] == []


async def test_a_change_keeps_what_it_does_not_name(school: District) -> None:
    new = await _subscribe(school.auditor, filter={"rules": ["A12"]}, description="first")
    path = f"/{new['subscription_id']}"
    changed = await _send(school.auditor, "PATCH", path, json={"description": None, "state": "disabled"})
    assert (changed["url"], changed["filter"]["rules"], changed["description"]) == (URL, ["A12"], None)
    assert (changed["state"], changed["disabled_reason"], changed["version"]) == ("disabled", "owner", 2)
    active = await _send(school.auditor, "PATCH", path, json={"state": "active", "filter": {}})
    assert (active["state"], active["disabled_reason"], active["filter"]["rules"]) == ("active", None, [])
    await _send(school.auditor, "PATCH", path, json={"state": "asleep"}, expect=422)


async def test_a_change_of_another_version_is_refused(school: District) -> None:
    new = await _subscribe(school.auditor)
    path = f"/{new['subscription_id']}"
    tag = (await school.auditor.send("GET", PATH + path)).headers["etag"]
    await _send(school.auditor, "PATCH", path, json={"description": "x"}, headers={"If-Match": tag})
    for method, options in (("PATCH", {"json": {"description": "y"}}), ("DELETE", {})):
        problem = await _send(school.auditor, method, path, headers={"If-Match": tag}, expect=412, **options)
        assert problem["code"] == "precondition_failed"


async def test_what_is_removed_is_gone_and_its_secret_too(school: District) -> None:
    new = await _subscribe(school.auditor)
    path = f"/{new['subscription_id']}"
    await _send(school.auditor, "DELETE", path, expect=204)
    await _send(school.auditor, "GET", path, expect=404)
    assert (await school.fetch("select secret from ledger.subscription")) == [{"secret": b""}]


async def test_the_same_key_again_is_the_same_subscription(school: District) -> None:
    first = await _subscribe(school.auditor, key="k-1")
    assert await _subscribe(school.auditor, key="k-1") == first
    problem = await _subscribe(school.auditor, key="k-1", description="another", expect=409)
    assert problem["code"] == "idempotency_key_reused"
    path = f"/{first['subscription_id']}/rotate-secret"
    turned = await _send(school.auditor, "POST", path, headers={"Idempotency-Key": "r-1"})
    assert await _send(school.auditor, "POST", path, headers={"Idempotency-Key": "r-1"}) == turned
    test = f"/{first['subscription_id']}/test"
    asked = [
        await _send(school.auditor, "POST", test, headers={"Idempotency-Key": "t-1"}, expect=202) for _ in range(2)
    ]
    assert asked[0] == asked[1]


async def test_of_the_same_request_twice_at_once_there_is_one_subscription(school: District) -> None:
    headers = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(
        *(school.auditor.send("POST", PATH, json={"url": URL}, headers=headers) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert len((await _send(school.auditor, "GET"))["items"]) == 1


async def test_a_client_has_so_many_subscriptions_and_no_more(school: District) -> None:
    for number in range(20):
        await _subscribe(school.auditor, description=str(number))
    problem = await _subscribe(school.auditor, expect=409)
    assert problem["code"] == "too_many_subscriptions"
    page = await _send(school.auditor, "GET", params={"limit": "15"})
    rest = await _send(school.auditor, "GET", params={"cursor": page["next_cursor"]})
    assert len({each["subscription_id"] for each in page["items"] + rest["items"]}) == 20


@pytest.mark.parametrize("start", ["x", "-1", "2025-09-10T08:00:00", "1" * 19, ""])
async def test_a_replay_from_nowhere_is_refused(school: District, start: str) -> None:
    new = await _subscribe(school.auditor)
    problem = await _send(
        school.auditor, "POST", f"/{new['subscription_id']}/replay", params={"from": start}, expect=422
    )
    assert problem["code"] == "invalid_parameter"
