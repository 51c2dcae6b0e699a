"""The feed as Server-Sent Events, over a real socket and read by a public client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from httpx_sse import EventSource, aconnect_sse

from services.reporting.findings import fan_out, stream
from shared.database import Visible
from tests.world.district import District
from tests.world.standard import S1, S2, session


@pytest.fixture
async def served(school: District) -> AsyncIterator[str]:
    """The address of reporting on a socket of its own."""
    server = uvicorn.Server(
        uvicorn.Config(school.reporting_app, port=0, lifespan="off", log_level="warning", timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


def _listen(client: httpx.AsyncClient, served: str, token: str, **headers: str) -> object:
    headers = {"Authorization": f"Bearer {token}", **headers}
    return aconnect_sse(client, "GET", f"{served}/v1/findings/stream", headers=headers)


async def _next(source: EventSource, count: int) -> list[str]:
    heard: list[str] = []
    async for event in source.aiter_sse():
        heard.append(event.id)
        if len(heard) == count:
            break
    return heard


async def test_a_finding_is_heard_when_it_is_committed(school: District, served: str) -> None:
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        _listen(client, served, school.auditor.token) as source,
    ):
        waiting = asyncio.create_task(anext(source.aiter_sse()))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await school.school(S1).post("sessions", session(headcount=0))
        await school.audit()
        event = await waiting
    assert (event.id, event.event) == ("1", "opened")
    assert event.json()["finding"]["rule"] == "A12"


async def test_last_event_id_resumes_where_the_reader_was(school: District, served: str) -> None:
    await school.school(S1).post("sessions", *(session(f"h{n}", headcount=0, staff={"T1": 0.25}) for n in range(5)))
    await school.audit()
    total = len(await school.fetch("select from audit.finding_event"))
    async with httpx.AsyncClient(trust_env=False) as client:
        async with _listen(client, served, school.auditor.token) as source:
            first = await _next(source, 2)
        async with _listen(client, served, school.auditor.token, **{"Last-Event-ID": first[-1]}) as source:
            rest = await _next(source, total - 2)
    assert first + rest == [str(position) for position in range(1, total + 1)]


async def test_a_school_hears_only_its_own(school: District, served: str) -> None:
    await school.school(S1).post("sessions", session(headcount=0))
    await school.school(S2).post("sessions", session("u1", school_id=S2, headcount=0, staff={"U1": 1.5}))
    await school.audit()
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        _listen(client, served, school.school(S2).token) as source,
    ):
        event = await anext(source.aiter_sse())
    assert event.json()["finding"]["school_id"] == S2


async def test_a_quiet_stream_beats(school: District, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    headers = {"Authorization": f"Bearer {school.auditor.token}"}
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"{served}/v1/findings/stream", headers=headers) as answer,
    ):
        heard = ""
        async for text in answer.aiter_text():
            heard += text
            if heard.count(": heartbeat") == 2:
                break
    # No empty line after a beat: httpx-sse would take it for an event with the last one's id.
    assert heard.startswith(": findings\n\n: heartbeat\n: heartbeat\n")


async def test_without_a_token_nothing_is_streamed(served: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{served}/v1/findings/stream")).status_code == 401


async def test_many_who_wait_at_one_place_read_the_database_once(
    school: District, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read_page = fan_out.events_after

    async def counted(pool: Any, visible: Visible, position: int, limit: int) -> list[dict[str, Any]]:
        reads.append(position)
        return await read_page(pool, visible, position, limit)

    monkeypatch.setattr(fan_out, "events_after", counted)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as client, contextlib.AsyncExitStack() as open_streams:
        sources = [
            await open_streams.enter_async_context(_listen(client, served, school.auditor.token)) for _ in range(60)
        ]
        waiting = [asyncio.create_task(_next(source, 1)) for source in sources]
        await school.school(S1).post("sessions", session(headcount=0))
        await school.audit()
        assert await asyncio.gather(*waiting) == [["1"]] * 60
    # Each came to an empty feed by itself; the commit was read once for all, or once more for who came late.
    assert reads.count(0) - 60 <= 5


async def test_one_listener_too_many_is_told_to_come_back(
    school: District, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LISTENERS", 1)
    headers = {"Authorization": f"Bearer {school.auditor.token}"}
    async with httpx.AsyncClient(trust_env=False) as client:
        async with client.stream("GET", f"{served}/v1/findings/stream", headers=headers) as answer:
            assert await anext(answer.aiter_text()) == ": findings\n\n"
            refused = await client.get(f"{served}/v1/findings/stream", headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert int(refused.headers["retry-after"]) > 0
        while school.reporting_app.state.fan_out.listeners:
            await asyncio.sleep(0.01)
        async with client.stream("GET", f"{served}/v1/findings/stream", headers=headers) as answer:
            assert answer.status_code == 200
