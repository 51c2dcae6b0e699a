"""Webhooks, end to end: a real receiver that takes, refuses, hangs, lies, redirects; verified with public libraries."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

import asyncpg
import hypothesis
import hypothesis.strategies as st
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from standardwebhooks import Webhook, WebhookVerificationError

from services.audit_worker.courier import Courier
from services.audit_worker.delivery import Postman
from shared.sealing import Seal
from tests.world.district import District, Json, Voice
from tests.world.receiver import Received, Receiver, receiving
from tests.world.standard import S1, S2, session

HERE = ip_network("127.0.0.0/8")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Where webhooks arrive."""
    async with receiving() as opened:
        yield opened


@asynccontextmanager
async def courier_of(school: District, signing_key: str) -> AsyncIterator[Courier]:
    """A courier at work over the district's database."""
    school.ledger_app.state.webhook_networks = (HERE,)
    seal = Seal.of(None, signing_key)
    assert seal is not None
    async with Postman((HERE,)) as postman:
        courier = Courier(school.database_url, school.auditor_pool, seal, postman)
        working = asyncio.create_task(courier.run())
        try:
            yield courier
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


@pytest.fixture
async def courier(school: District, signing_key: str) -> AsyncIterator[Courier]:
    """The same, for a whole test."""
    async with courier_of(school, signing_key) as at_work:
        yield at_work


async def _subscribe(school: District, voice: Voice, receiver: Receiver, **given: Any) -> Json:
    school.ledger_app.state.webhook_networks = (HERE,)
    wanted = {"url": receiver.url, "filter": {"rules": ["A12"]}, **given}
    answer = await voice.send("POST", "/v1/subscriptions", json=wanted)
    assert answer.status_code == 201, answer.text
    body: Json = answer.json()
    return body


async def _ask(voice: Voice, subscription: Json, action: str, **parameters: str) -> Json:
    path = f"/v1/subscriptions/{subscription['subscription_id']}/{action}"
    answer = await voice.send("POST", path, params=parameters)
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


async def _patch(voice: Voice, subscription: Json, **change: Any) -> Json:
    answer = await voice.send("PATCH", f"/v1/subscriptions/{subscription['subscription_id']}", json=change)
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


async def _shown(voice: Voice, subscription: Json) -> Json:
    return await voice.get(f"/v1/subscriptions/{subscription['subscription_id']}")


async def _deliveries(voice: Voice, subscription: Json) -> list[Json]:
    page = await voice.get(f"/v1/subscriptions/{subscription['subscription_id']}/deliveries", limit="1000")
    items: list[Json] = page["items"]
    return items


async def _until(holds: Callable[[], Any]) -> Any:
    """Look until it holds; pytest's own time limit is the patience."""
    while not (found := await holds()):
        await asyncio.sleep(0.02)
    return found


async def _find(school: District, courier: Courier, *sessions: Json) -> None:
    """Enter sessions without a pupil, which are findings, audit and wake the courier."""
    for each in sessions:
        await school.school(each["school_id"]).post("sessions", each)
    await school.audit()
    courier.wake()


def _empty(session_id: str, school_id: str = S1) -> Json:
    """A session without a pupil, of a person and a slot of its own: one finding."""
    number = int(session_id[1:])
    slot, person = f"s{1 + number % 2}", number // 2 + 1
    staff = {f"T{person}" if school_id == S1 else f"U{person}": 0.25}
    return session(session_id, school_id=school_id, slot=slot, headcount=0, staff=staff)


async def _at_once(school: District) -> None:
    """Let every queue's next attempt be due now."""
    connection = await asyncpg.connect(school.database_url)
    await connection.execute("update audit.delivery_queue set next_attempt_at = now()")
    await connection.close()


async def _failing_since(school: District, hours: float) -> None:
    connection = await asyncpg.connect(school.database_url)
    await connection.execute(
        "update audit.delivery_queue set failing_since = now() - $1 * interval '1 hour', next_attempt_at = now()", hours
    )
    await connection.close()


async def _told(school: District) -> list[int]:
    """The places in the feed of the findings that the sessions make."""
    rows = await school.fetch("select position from audit.finding_event where rule = 'A12' order by position")
    return [row["position"] for row in rows]


def _cursors(received: Sequence[Received]) -> list[int]:
    return [int(each.event["data"]["cursor"]) for each in received]


async def test_a_webhook_is_signed_and_reads_as_a_cloudevent(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    subscription = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h1"))
    await receiver.await_number(1)
    (got,) = receiver.received
    assert (got.path, got.headers["content-type"]) == ("/hooks", "application/cloudevents+json; charset=utf-8")
    assert Webhook(subscription["secret"]).verify(got.body, got.headers) == got.event
    with pytest.raises(WebhookVerificationError):
        Webhook(subscription["secret"]).verify(got.body + b" ", got.headers)
    event = from_structured_event(HTTPMessage(headers=got.headers, body=got.body), JSONFormat())
    assert (event.get_type(), event.get_source(), event.get_specversion()) == (
        "taizhang.finding.opened", "/v1/findings", "1.0",
    )  # fmt: skip
    assert event.get_id() == got.headers["webhook-id"] == f"finding-event-{got.event['data']['cursor']}"
    assert (event.get_subject(), event.get_extension("partitionkey")) == (
        got.event["data"]["finding"]["finding_id"], S1,
    )  # fmt: skip
    # It is the feed's own event.
    (listed,) = (await school.auditor.report("/v1/findings/events"))["items"]
    assert got.event["data"] == listed


async def test_what_was_before_the_subscription_comes_by_replay_only(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await _find(school, courier, _empty("h1"), _empty("u1", S2))
    subscription = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h2"))
    await receiver.await_number(1)
    first, second, last = await _told(school)
    assert _cursors(receiver.received) == [last]
    await _ask(school.auditor, subscription, "replay", **{"from": "0"})
    courier.wake()
    await receiver.await_number(4)
    assert sorted(_cursors(receiver.received)) == [first, second, last, last]
    ids = [each.headers["webhook-id"] for each in receiver.received]
    assert len(set(ids)) == len(ids) - 1


async def test_a_replay_goes_back_to_a_cursor_or_an_instant(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    subscription = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h1"))
    await _find(school, courier, _empty("h2"))
    await receiver.await_number(2)
    second = receiver.received[1].event["data"]
    for start in (receiver.received[0].event["data"]["cursor"], second["at"]):
        receiver.received.clear()
        await _ask(school.auditor, subscription, "replay", **{"from": start})
        courier.wake()
        await receiver.await_number(1)
        assert receiver.received[0].event["data"] == second


async def test_a_school_is_told_of_its_own_and_of_nothing_else(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await _subscribe(school, school.school(S2), receiver)
    await _find(school, courier, _empty("h1"), _empty("u1", S2), _empty("h2"), _empty("u2", S2))
    await receiver.await_number(2)
    await _find(school, courier, _empty("h3"), _empty("u3", S2))
    await receiver.await_number(3)
    assert {each.school_id for each in receiver.received} == {S2}


async def test_a_centre_is_told_of_its_stage_and_a_filter_narrows(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await _subscribe(school, school.voice("centre", stage="primary"), receiver, filter={"rules": ["A12"]})
    await _subscribe(school, school.bureau, receiver, filter={"severity": ["critical"]})
    await _subscribe(school, school.auditor, receiver, filter={"rules": ["A01"], "schools": [S1, S2]})
    await _find(school, courier, _empty("u1", S2), _empty("h1"), _empty("h2"))
    await receiver.await_number(2)
    assert [(each.school_id, each.event["data"]["finding"]["rule"]) for each in receiver.received] == [(S1, "A12")] * 2


async def test_a_client_that_is_revoked_is_told_nothing_more(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    voice = school.voice("auditor", client_id="leaving")
    subscription = await _subscribe(school, voice, receiver)
    connection = await asyncpg.connect(school.database_url)
    await connection.execute(
        "insert into ledger.api_client (client_id, secret_hash, kind, revoked_at) values ('leaving', '', 'auditor', now())"
    )
    await connection.close()
    stays = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h1"))
    await receiver.await_number(1)
    assert await _until(lambda: _deliveries(school.auditor, stays))
    assert await _deliveries(voice, subscription) == []


async def test_a_schools_queue_that_is_not_taken_waits_and_the_others_go_on(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    async def refuse_the_first_school(event: Json) -> tuple[int, dict[str, str], bytes]:
        return (500 if event["data"]["finding"]["school_id"] == S1 else 200), {}, b""

    receiver.answering = refuse_the_first_school
    subscription = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, *(_empty(f"h{n}") for n in range(3)), *(_empty(f"u{n}", S2) for n in range(3)))
    await receiver.await_number(4)
    of_the_first = [each for each in receiver.received if each.school_id == S1]
    assert len(of_the_first) == 1
    # What arrived is noted a moment later.
    shown = await _until(lambda: _failing_at_one_school(school.auditor, subscription))
    assert shown["state"] == "active"
    receiver.answers(200)
    await _at_once(school)
    courier.wake()
    await receiver.await_number(7)
    for school_id in (S1, S2):
        cursors = _cursors([each for each in receiver.received if each.school_id == school_id])
        assert cursors == sorted(cursors)
    # What was tried twice has one id.
    ids = [each.headers["webhook-id"] for each in receiver.received if each.school_id == S1]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def _failing_at_one_school(voice: Voice, subscription: Json) -> Json | None:
    shown = await _shown(voice, subscription)
    return shown if shown["failing_since"] is not None and shown["schools_waiting"] == 1 else None


async def test_what_is_not_taken_is_tried_again_in_time_and_noted(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    receiver.answers(503, retry_after="1200")
    subscription = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h1"))
    (failed,) = await _until(lambda: _deliveries(school.auditor, subscription))
    assert (failed["delivered"], failed["status_code"], failed["error"], failed["attempt"]) == (
        False, 503, "status: 503", 1,
    )  # fmt: skip
    (waits,) = await school.fetch(
        "select extract(epoch from next_attempt_at - attempted_at)::float8 as seconds from audit.delivery"
    )
    assert 1200 <= waits["seconds"] < 1230
    receiver.answers(200)
    await _at_once(school)
    courier.wake()
    await receiver.await_number(2)
    taken, _ = await _until(lambda: _taken(school.auditor, subscription))
    assert (taken["delivered"], taken["attempt"], taken["webhook_id"]) == (True, 2, failed["webhook_id"])


async def _taken(voice: Voice, subscription: Json) -> list[Json]:
    found = await _deliveries(voice, subscription)
    return found if found and found[0]["delivered"] else []


async def _disabled(voice: Voice, subscription: Json) -> Json | None:
    shown = await _shown(voice, subscription)
    return shown if shown["state"] == "disabled" else None


async def test_after_three_days_the_subscription_is_disabled_and_goes_on_from_there_when_activated(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    receiver.answers(500)
    subscription = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h1"), _empty("h2"))
    await _until(lambda: _deliveries(school.auditor, subscription))
    await _failing_since(school, 71)
    courier.wake()
    await receiver.await_number(2)
    assert (await _shown(school.auditor, subscription))["state"] == "active"
    await _until(lambda: _number_of_deliveries(school, 2))
    await _failing_since(school, 72)
    courier.wake()
    shown = await _until(lambda: _disabled(school.auditor, subscription))
    assert shown["disabled_reason"] == "failed_for_three_days"
    assert shown["disabled_at"] is not None
    await _find(school, courier, _empty("h3"))
    problem = await school.auditor.send(
        "POST", f"/v1/subscriptions/{subscription['subscription_id']}/replay", params={"from": "0"}
    )
    assert (problem.status_code, problem.json()["code"]) == (409, "subscription_disabled")
    receiver.answers(200)
    receiver.received.clear()
    assert (await _patch(school.auditor, subscription, state="active"))["state"] == "active"
    courier.wake()
    await receiver.await_number(3)
    assert _cursors(receiver.received) == await _told(school)


async def _number_of_deliveries(school: District, number: int) -> bool:
    return len(await school.fetch("select from audit.delivery")) >= number


async def test_a_receiver_that_is_gone_is_left_alone_at_once(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    receiver.answers(410)
    subscription = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h1"))
    shown = await _until(lambda: _disabled(school.auditor, subscription))
    assert shown["disabled_reason"] == "gone"
    assert len(receiver.received) == 1


async def test_a_redirect_is_not_followed(school: District, courier: Courier, receiver: Receiver) -> None:
    receiver.answers(302, location=f"{receiver.url}/elsewhere")
    subscription = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h1"))
    (failed,) = await _until(lambda: _deliveries(school.auditor, subscription))
    assert failed["error"] == "redirect: redirects are not followed"
    assert [each.path for each in receiver.received] == ["/hooks"]


async def test_a_receiver_that_hangs_holds_up_nobody_else(
    school: District, courier: Courier, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as hanging:
        never = asyncio.Event()

        async def hang(_event: Json) -> tuple[int, dict[str, str], bytes]:
            await never.wait()
            return 200, {}, b""

        hanging.answering = hang
        stuck = await _subscribe(school, school.bureau, hanging)
        await _subscribe(school, school.auditor, receiver)
        await _find(school, courier, _empty("h1"), _empty("h2"))
        await hanging.await_number(1)
        await receiver.await_number(2)
        assert await _deliveries(school.bureau, stuck) == []
        never.set()
        await hanging.await_number(2)


async def test_while_two_secrets_are_good_each_verifies(school: District, courier: Courier, receiver: Receiver) -> None:
    first = await _subscribe(school, school.auditor, receiver)
    second = await _ask(school.auditor, first, "rotate-secret", overlap_hours="1")
    await _find(school, courier, _empty("h1"))
    await receiver.await_number(1)
    third = await _ask(school.auditor, first, "rotate-secret", overlap_hours="0")
    await _find(school, courier, _empty("h2"))
    await receiver.await_number(2)
    both, alone = receiver.received
    for secret in (first["secret"], second["secret"]):
        Webhook(secret).verify(both.body, both.headers)
    Webhook(third["secret"]).verify(alone.body, alone.headers)
    for secret in (first["secret"], second["secret"]):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(alone.body, alone.headers)


async def test_a_test_is_sent_once_also_to_a_disabled_subscription(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    subscription = await _subscribe(school, school.auditor, receiver)
    await _patch(school.auditor, subscription, state="disabled")
    asked = await _ask(school.auditor, subscription, "test")
    courier.wake()
    (noted,) = await _until(lambda: _deliveries(school.auditor, subscription))
    (got,) = receiver.received
    assert Webhook(subscription["secret"]).verify(got.body, got.headers)["type"] == "taizhang.subscription.test"
    assert asked["webhook_id"] == noted["webhook_id"] == got.headers["webhook-id"]
    assert (noted["delivered"], noted["cursor"], noted["school_id"]) == (True, None, None)


async def test_what_is_disabled_or_removed_is_told_nothing(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    disabled = await _subscribe(school, school.auditor, receiver)
    removed = await _subscribe(school, school.auditor, receiver)
    await _patch(school.auditor, disabled, state="disabled")
    gone = await school.auditor.send("DELETE", f"/v1/subscriptions/{removed['subscription_id']}")
    assert gone.status_code == 204
    stays = await _subscribe(school, school.auditor, receiver)
    await _find(school, courier, _empty("h1"))
    assert len(await _until(lambda: _deliveries(school.auditor, stays))) == len(receiver.received) == 1


async def test_two_couriers_send_nothing_twice(
    school: District, courier: Courier, receiver: Receiver, signing_key: str
) -> None:
    await _subscribe(school, school.auditor, receiver)
    async with courier_of(school, signing_key) as other:
        for number in range(5):
            await _find(school, courier, _empty(f"h{number}"), _empty(f"u{number}", S2))
            other.wake()
        await receiver.await_number(10)
    assert sorted(_cursors(receiver.received)) == await _told(school)


async def test_a_courier_whose_session_ends_is_followed_and_misses_nothing(
    school: District, courier: Courier, receiver: Receiver, signing_key: str
) -> None:
    subscription = await _subscribe(school, school.auditor, receiver)
    async with courier_of(school, signing_key) as other:
        await _find(school, courier, _empty("h1"))
        await receiver.await_number(1)
        await _until(lambda: _taken(school.auditor, subscription))
        await school.fetch(
            "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' and granted and "
            "database = (select oid from pg_database where datname = current_database())"
        )
        await _find(school, courier, _empty("h2"))
        other.wake()
        await receiver.await_number(2)
    assert _cursors(receiver.received) == await _told(school)


async def test_a_secret_that_another_key_sealed_is_said_to_be_unreadable(
    school: District, receiver: Receiver, tmp_path: Any
) -> None:
    subscription = await _subscribe(school, school.auditor, receiver)
    async with Postman((HERE,)) as postman:
        courier = Courier(school.database_url, school.auditor_pool, Seal(b"another key" * 4), postman)
        working = asyncio.create_task(courier.run())
        await _find(school, courier, _empty("h1"))
        (failed,) = await _until(lambda: _deliveries(school.auditor, subscription))
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert failed["error"].startswith("secret_unreadable")
    assert receiver.received == []


async def test_however_it_answers_each_school_is_told_everything_in_order(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await _find(school, courier, _empty("h1"), _empty("u1", S2))
    await _subscribe(school, school.auditor, receiver)
    loop = asyncio.get_running_loop()

    @hypothesis.settings(max_examples=20, deadline=None)
    @hypothesis.given(
        # How the receiver answers each webhook in turn; when nothing is left, it takes it.
        answers=st.lists(st.sampled_from([200, 500, 429, 302, 404]), max_size=12),
        story=st.lists(st.sampled_from([S1, S2]), min_size=1, max_size=6),
    )
    def tell(answers: list[int], story: list[str]) -> None:
        asyncio.run_coroutine_threadsafe(_tell(school, courier, receiver, list(answers), story), loop).result()

    await asyncio.to_thread(tell)


async def _tell(school: District, courier: Courier, receiver: Receiver, answers: list[int], story: list[str]) -> None:
    """Let findings of these schools change, one after the other, and deliver it."""
    receiver.received.clear()
    taken: dict[str, list[int]] = defaultdict(list)

    async def answer(event: Json) -> tuple[int, dict[str, str], bytes]:
        status = answers.pop() if answers else 200
        if status == 200:
            taken[event["data"]["finding"]["school_id"]].append(int(event["data"]["cursor"]))
        return status, {}, b""

    receiver.answering = answer
    told: dict[str, list[int]] = defaultdict(list)
    for school_id in story:
        (event,) = await school.fetch(_CHANGED_AGAIN, school_id)
        told[school_id].append(event["position"])
        courier.wake()
    while sum(map(len, taken.values())) < len(story):
        await _at_once(school)
        courier.wake()
        await asyncio.sleep(0.01)
    assert taken == told
    # What came more than once came again before what stands behind it.
    for school_id in told:
        seen = _cursors([each for each in receiver.received if each.school_id == school_id])
        assert all(later >= earlier for earlier, later in pairwise(seen))


_CHANGED_AGAIN = """
    insert into audit.finding_event
    select
        (select max(position) from audit.finding_event) + 1, finding_id, 'updated', school_id, rule, severity, state, now(),
        '{}', finding
    from (select * from audit.finding_event where school_id = $1 and rule = 'A12' order by position limit 1) as earlier
    returning position
"""
