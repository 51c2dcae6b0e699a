"""A courier at work over a district, subscriptions to it, and findings that it has to tell."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import asyncpg

from services.audit_worker.courier import Courier
from services.audit_worker.delivery import Postman
from shared.sealing import Seal
from tests.world.district import District, Json, Voice
from tests.world.receiver import Received, Receiver
from tests.world.standard import S1, session

HERE = ip_network("127.0.0.0/8")


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


async def subscribed(school: District, voice: Voice, receiver: Receiver, **given: Any) -> Json:
    """A subscription to the findings that empty sessions are, with its secret."""
    school.ledger_app.state.webhook_networks = (HERE,)
    wanted = {"url": receiver.url, "filter": {"rules": ["A12"]}, **given}
    answer = await voice.send("POST", "/v1/subscriptions", json=wanted)
    assert answer.status_code == 201, answer.text
    body: Json = answer.json()
    return body


async def ask_of(voice: Voice, subscription: Json, action: str, **parameters: str) -> Json:
    """What the API answers to an action on a subscription."""
    path = f"/v1/subscriptions/{subscription['subscription_id']}/{action}"
    answer = await voice.send("POST", path, params=parameters)
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


async def change_of(voice: Voice, subscription: Json, **change: Any) -> Json:
    """The subscription after a change."""
    answer = await voice.send("PATCH", f"/v1/subscriptions/{subscription['subscription_id']}", json=change)
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


async def shown_of(voice: Voice, subscription: Json) -> Json:
    """The subscription as its owner sees it."""
    return await voice.get(f"/v1/subscriptions/{subscription['subscription_id']}")


async def deliveries_of(voice: Voice, subscription: Json) -> list[Json]:
    """The log of a subscription's deliveries."""
    page = await voice.get(f"/v1/subscriptions/{subscription['subscription_id']}/deliveries", limit="1000")
    items: list[Json] = page["items"]
    return items


async def taken_of(voice: Voice, subscription: Json) -> list[Json]:
    """The same once the latest delivery was taken, nothing before."""
    found = await deliveries_of(voice, subscription)
    return found if found and found[0]["delivered"] else []


async def until(holds: Callable[[], Any]) -> Any:
    """Look until it holds; pytest's own time limit is the patience."""
    while not (found := await holds()):
        await asyncio.sleep(0.02)
    return found


async def find_and_wake(school: District, courier: Courier, *sessions: Json) -> None:
    """Enter sessions without a pupil, which are findings, audit and wake the courier."""
    for each in sessions:
        await school.school(each["school_id"]).post("sessions", each)
    await school.audit()
    courier.wake()


def empty_session(session_id: str, school_id: str = S1) -> Json:
    """A session without a pupil, of a person and a slot of its own: one finding."""
    number = int(session_id[1:])
    slot, person = f"s{1 + number % 2}", number // 2 + 1
    staff = {f"T{person}" if school_id == S1 else f"U{person}": 0.25}
    return session(session_id, school_id=school_id, slot=slot, headcount=0, staff=staff)


async def due_at_once(school: District) -> None:
    """Let every queue's next attempt be due now."""
    connection = await asyncpg.connect(school.database_url)
    await connection.execute("update audit.delivery_queue set next_attempt_at = now()")
    await connection.close()


async def failing_for(school: District, hours: float) -> None:
    """Let every queue have failed for so many hours, and be due now."""
    connection = await asyncpg.connect(school.database_url)
    await connection.execute(
        "update audit.delivery_queue set failing_since = now() - $1 * interval '1 hour', next_attempt_at = now()", hours
    )
    await connection.close()


async def places_told(school: District) -> list[int]:
    """The places in the feed of the findings that the sessions make."""
    rows = await school.fetch("select position from audit.finding_event where rule = 'A12' order by position")
    return [row["position"] for row in rows]


def cursors_of(received: Sequence[Received]) -> list[int]:
    """The places in the feed that a receiver was told of, as they came."""
    return [int(each.event["data"]["cursor"]) for each in received]
