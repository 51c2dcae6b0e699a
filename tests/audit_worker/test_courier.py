"""Webhooks, end to end: a real receiver that takes, refuses, hangs, lies, redirects; verified with public libraries."""

import asyncio
from collections import defaultdict
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
from tests.world.courier import (
    HERE,
    ask_of,
    change_of,
    courier_of,
    cursors_of,
    deliveries_of,
    due_at_once,
    empty_session,
    find_and_wake,
    places_told,
    shown_of,
    subscribed,
    taken_of,
    until,
)
from tests.world.district import District, Json, Voice
from tests.world.receiver import Receiver
from tests.world.standard import S1, S2


async def test_a_webhook_is_signed_and_reads_as_a_cloudevent(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    subscription = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h1"))
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


async def test_a_webhook_goes_on_in_the_trace_of_what_came_first(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await subscribed(school, school.auditor, receiver)
    sender, sent = school.school(S1), empty_session("h1")
    for trace, each in (("f" * 32, sent), ("1" * 32, {**sent, "activity": "棋类", "reason": "登记有误"})):
        answer = await sender.send(
            "POST", "/v1/sessions", json=[each], headers={"traceparent": f"00-{trace}-{'a' * 16}-01"}
        )
        assert answer.json()["unchanged"] == 0
    await find_and_wake(school, courier)
    await receiver.await_number(1)
    assert receiver.received[0].headers["traceparent"].split("-")[1] == "f" * 32


async def test_what_was_before_the_subscription_comes_by_replay_only(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await find_and_wake(school, courier, empty_session("h1"), empty_session("u1", S2))
    subscription = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h2"))
    await receiver.await_number(1)
    first, second, last = await places_told(school)
    assert cursors_of(receiver.received) == [last]
    await ask_of(school.auditor, subscription, "replay", **{"from": "0"})
    courier.wake()
    await receiver.await_number(4)
    assert sorted(cursors_of(receiver.received)) == [first, second, last, last]
    ids = [each.headers["webhook-id"] for each in receiver.received]
    assert len(set(ids)) == len(ids) - 1


async def test_a_replay_goes_back_to_a_cursor_or_an_instant(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    subscription = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h1"))
    await find_and_wake(school, courier, empty_session("h2"))
    await receiver.await_number(2)
    second = receiver.received[1].event["data"]
    for start in (receiver.received[0].event["data"]["cursor"], second["at"]):
        receiver.received.clear()
        await ask_of(school.auditor, subscription, "replay", **{"from": start})
        courier.wake()
        await receiver.await_number(1)
        assert receiver.received[0].event["data"] == second


async def test_a_school_is_told_of_its_own_and_of_nothing_else(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await subscribed(school, school.school(S2), receiver)
    await find_and_wake(
        school, courier, empty_session("h1"), empty_session("u1", S2), empty_session("h2"), empty_session("u2", S2)
    )
    await receiver.await_number(2)
    await find_and_wake(school, courier, empty_session("h3"), empty_session("u3", S2))
    await receiver.await_number(3)
    assert {each.school_id for each in receiver.received} == {S2}


async def test_a_centre_is_told_of_its_stage_and_a_filter_narrows(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await subscribed(school, school.voice("centre", stage="primary"), receiver, filter={"rules": ["A12"]})
    await subscribed(school, school.bureau, receiver, filter={"severity": ["critical"]})
    await subscribed(school, school.auditor, receiver, filter={"rules": ["A01"], "schools": [S1, S2]})
    await find_and_wake(school, courier, empty_session("u1", S2), empty_session("h1"), empty_session("h2"))
    await receiver.await_number(2)
    assert [(each.school_id, each.event["data"]["finding"]["rule"]) for each in receiver.received] == [(S1, "A12")] * 2


async def test_a_client_that_is_revoked_is_told_nothing_more(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    voice = school.voice("auditor", client_id="leaving")
    subscription = await subscribed(school, voice, receiver)
    connection = await asyncpg.connect(school.database_url)
    await connection.execute(
        "insert into ledger.api_client (client_id, secret_hash, kind, revoked_at) values ('leaving', '', 'auditor', now())"
    )
    await connection.close()
    stays = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h1"))
    await receiver.await_number(1)
    assert await until(lambda: deliveries_of(school.auditor, stays))
    assert await deliveries_of(voice, subscription) == []


async def test_a_schools_queue_that_is_not_taken_waits_and_the_others_go_on(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    async def refuse_the_first_school(event: Json) -> tuple[int, dict[str, str], bytes]:
        return (500 if event["data"]["finding"]["school_id"] == S1 else 200), {}, b""

    receiver.answering = refuse_the_first_school
    subscription = await subscribed(school, school.auditor, receiver)
    await find_and_wake(
        school, courier, *(empty_session(f"h{n}") for n in range(3)), *(empty_session(f"u{n}", S2) for n in range(3))
    )
    await receiver.await_number(4)
    of_the_first = [each for each in receiver.received if each.school_id == S1]
    assert len(of_the_first) == 1
    # What arrived is noted a moment later.
    shown = await until(lambda: _failing_at_one_school(school.auditor, subscription))
    assert shown["state"] == "active"
    receiver.answers(200)
    await due_at_once(school)
    courier.wake()
    await receiver.await_number(7)
    for school_id in (S1, S2):
        cursors = cursors_of([each for each in receiver.received if each.school_id == school_id])
        assert cursors == sorted(cursors)
    # What was tried twice has one id.
    ids = [each.headers["webhook-id"] for each in receiver.received if each.school_id == S1]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def _failing_at_one_school(voice: Voice, subscription: Json) -> Json | None:
    shown = await shown_of(voice, subscription)
    return shown if shown["failing_since"] is not None and shown["schools_waiting"] == 1 else None


async def test_what_is_not_taken_is_tried_again_in_time_and_noted(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    receiver.answers(503, retry_after="1200")
    subscription = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h1"))
    (failed,) = await until(lambda: deliveries_of(school.auditor, subscription))
    assert (failed["delivered"], failed["status_code"], failed["error"], failed["attempt"]) == (
        False, 503, "status: 503", 1,
    )  # fmt: skip
    (waits,) = await school.fetch(
        "select extract(epoch from next_attempt_at - attempted_at)::float8 as seconds from audit.delivery"
    )
    assert 1200 <= waits["seconds"] < 1230
    receiver.answers(200)
    await due_at_once(school)
    courier.wake()
    await receiver.await_number(2)
    taken, _ = await until(lambda: taken_of(school.auditor, subscription))
    assert (taken["delivered"], taken["attempt"], taken["webhook_id"]) == (True, 2, failed["webhook_id"])


async def test_while_two_secrets_are_good_each_verifies(school: District, courier: Courier, receiver: Receiver) -> None:
    first = await subscribed(school, school.auditor, receiver)
    second = await ask_of(school.auditor, first, "rotate-secret", overlap_hours="1")
    await find_and_wake(school, courier, empty_session("h1"))
    await receiver.await_number(1)
    third = await ask_of(school.auditor, first, "rotate-secret", overlap_hours="0")
    await find_and_wake(school, courier, empty_session("h2"))
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
    subscription = await subscribed(school, school.auditor, receiver)
    await change_of(school.auditor, subscription, state="disabled")
    asked = await ask_of(school.auditor, subscription, "test")
    courier.wake()
    (noted,) = await until(lambda: deliveries_of(school.auditor, subscription))
    (got,) = receiver.received
    assert Webhook(subscription["secret"]).verify(got.body, got.headers)["type"] == "taizhang.subscription.test"
    assert asked["webhook_id"] == noted["webhook_id"] == got.headers["webhook-id"]
    assert (noted["delivered"], noted["cursor"], noted["school_id"]) == (True, None, None)


async def test_what_is_disabled_or_removed_is_told_nothing(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    disabled = await subscribed(school, school.auditor, receiver)
    removed = await subscribed(school, school.auditor, receiver)
    await change_of(school.auditor, disabled, state="disabled")
    gone = await school.auditor.send("DELETE", f"/v1/subscriptions/{removed['subscription_id']}")
    assert gone.status_code == 204
    stays = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h1"))
    assert len(await until(lambda: deliveries_of(school.auditor, stays))) == len(receiver.received) == 1


async def test_two_couriers_send_nothing_twice(
    school: District, courier: Courier, receiver: Receiver, signing_key: str
) -> None:
    await subscribed(school, school.auditor, receiver)
    async with courier_of(school, signing_key) as other:
        for number in range(5):
            await find_and_wake(school, courier, empty_session(f"h{number}"), empty_session(f"u{number}", S2))
            other.wake()
        await receiver.await_number(10)
    assert sorted(cursors_of(receiver.received)) == await places_told(school)


async def test_a_courier_whose_session_ends_is_followed_and_misses_nothing(
    school: District, courier: Courier, receiver: Receiver, signing_key: str
) -> None:
    subscription = await subscribed(school, school.auditor, receiver)
    async with courier_of(school, signing_key) as other:
        await find_and_wake(school, courier, empty_session("h1"))
        await receiver.await_number(1)
        await until(lambda: taken_of(school.auditor, subscription))
        await school.fetch(
            "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' and granted and "
            "database = (select oid from pg_database where datname = current_database())"
        )
        await find_and_wake(school, courier, empty_session("h2"))
        other.wake()
        await receiver.await_number(2)
    assert cursors_of(receiver.received) == await places_told(school)


async def test_a_secret_that_another_key_sealed_is_said_to_be_unreadable(
    school: District, receiver: Receiver, tmp_path: Any
) -> None:
    subscription = await subscribed(school, school.auditor, receiver)
    async with Postman((HERE,)) as postman:
        courier = Courier(school.database_url, school.auditor_pool, Seal(b"another key" * 4), postman)
        working = asyncio.create_task(courier.run())
        await find_and_wake(school, courier, empty_session("h1"))
        (failed,) = await until(lambda: deliveries_of(school.auditor, subscription))
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert failed["error"].startswith("secret_unreadable")
    assert receiver.received == []


async def test_however_it_answers_each_school_is_told_everything_in_order(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    await find_and_wake(school, courier, empty_session("h1"), empty_session("u1", S2))
    await subscribed(school, school.auditor, receiver)
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
        await due_at_once(school)
        courier.wake()
        await asyncio.sleep(0.01)
    assert taken == told
    # What came more than once came again before what stands behind it.
    for school_id in told:
        seen = cursors_of([each for each in receiver.received if each.school_id == school_id])
        assert all(later >= earlier for earlier, later in pairwise(seen))


_CHANGED_AGAIN = """
    insert into audit.finding_event
    select
        (select max(position) from audit.finding_event) + 1, finding_id, 'updated', school_id, rule, severity, state, now(),
        '{}', finding
    from (select * from audit.finding_event where school_id = $1 and rule = 'A12' order by position limit 1) as earlier
    returning position
"""
