"""Webhooks that are not taken: disabled after three days, or at once when the receiver is gone; nobody else waits."""

import asyncio

import pytest

from services.audit_worker.courier import Courier
from tests.world.courier import (
    change_of,
    cursors_of,
    deliveries_of,
    empty_session,
    failing_for,
    find_and_wake,
    places_told,
    shown_of,
    subscribed,
    until,
)
from tests.world.district import District, Json, Voice
from tests.world.receiver import Receiver, receiving


async def _disabled(voice: Voice, subscription: Json) -> Json | None:
    shown = await shown_of(voice, subscription)
    return shown if shown["state"] == "disabled" else None


async def test_after_three_days_the_subscription_is_disabled_and_goes_on_from_there_when_activated(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    receiver.answers(500)
    subscription = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h1"), empty_session("h2"))
    await until(lambda: deliveries_of(school.auditor, subscription))
    await failing_for(school, 71)
    courier.wake()
    await receiver.await_number(2)
    assert (await shown_of(school.auditor, subscription))["state"] == "active"
    await until(lambda: _number_of_deliveries(school, 2))
    await failing_for(school, 72)
    courier.wake()
    shown = await until(lambda: _disabled(school.auditor, subscription))
    assert shown["disabled_reason"] == "failed_for_three_days"
    assert shown["disabled_at"] is not None
    await find_and_wake(school, courier, empty_session("h3"))
    problem = await school.auditor.send(
        "POST", f"/v1/subscriptions/{subscription['subscription_id']}/replay", params={"from": "0"}
    )
    assert (problem.status_code, problem.json()["code"]) == (409, "subscription_disabled")
    receiver.answers(200)
    receiver.received.clear()
    assert (await change_of(school.auditor, subscription, state="active"))["state"] == "active"
    courier.wake()
    await receiver.await_number(3)
    assert cursors_of(receiver.received) == await places_told(school)


async def _number_of_deliveries(school: District, number: int) -> bool:
    return len(await school.fetch("select from audit.delivery")) >= number


async def test_a_receiver_that_is_gone_is_left_alone_at_once(
    school: District, courier: Courier, receiver: Receiver
) -> None:
    receiver.answers(410)
    subscription = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h1"))
    shown = await until(lambda: _disabled(school.auditor, subscription))
    assert shown["disabled_reason"] == "gone"
    assert len(receiver.received) == 1


async def test_a_redirect_is_not_followed(school: District, courier: Courier, receiver: Receiver) -> None:
    receiver.answers(302, location=f"{receiver.url}/elsewhere")
    subscription = await subscribed(school, school.auditor, receiver)
    await find_and_wake(school, courier, empty_session("h1"))
    (failed,) = await until(lambda: deliveries_of(school.auditor, subscription))
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
        stuck = await subscribed(school, school.bureau, hanging)
        await subscribed(school, school.auditor, receiver)
        await find_and_wake(school, courier, empty_session("h1"), empty_session("h2"))
        await hanging.await_number(1)
        await receiver.await_number(2)
        assert await deliveries_of(school.bureau, stuck) == []
        never.set()
        await hanging.await_number(2)
