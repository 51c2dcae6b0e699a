"""At the door of both services: request ids and traces go in and out, a client that asks too often is told to wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from tempfile import TemporaryDirectory

import pytest

from services.ledger_api import app as ledger_app
from services.reporting import app as reporting_app
from shared.allowance import Allowance
from shared.asgi import SECURITY_HEADERS
from shared.database import open_pool
from tests.world.district import District
from tests.world.standard import S1, S2, session

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_request_id_and_a_trace_come_back(school: District) -> None:
    answer = await school.ledger.get("/livez", headers={"X-Request-ID": "r-17", "traceparent": TRACE})
    assert (answer.headers["x-request-id"], answer.headers["traceparent"]) == ("r-17", TRACE)
    receipt = await school.school(S1).send("POST", "/v1/sessions", json=session(), headers={"X-Request-ID": "r-18"})
    (batch,) = await school.fetch("select request_id from ledger.batch where batch_id = $1", receipt.json()["batch_id"])
    assert batch["request_id"] == "r-18"


@pytest.mark.parametrize("what", ["", "x" * 65, "a b", "a/b"])
async def test_a_request_id_of_odd_shape_is_replaced(school: District, what: str) -> None:
    answer = await school.ledger.get("/livez", headers={"X-Request-ID": what})
    assert answer.headers["x-request-id"] not in {"", what}


@pytest.mark.parametrize("trace", [TRACE.upper(), f"{TRACE}-01", f"ff{TRACE[2:]}", f"00-{'0' * 32}{TRACE[35:]}", "x"])
async def test_what_is_no_trace_is_not_passed_on(school: District, trace: str) -> None:
    answer = await school.ledger.get("/livez", headers={"traceparent": trace})
    assert "traceparent" not in answer.headers


async def test_a_client_that_asks_too_often_is_told_when_to_come_back(school: District) -> None:
    for app, path in ((school.ledger_app, "/v1/schools"), (school.reporting_app, "/v1/findings")):
        app.state.allowance = Allowance(1)
        client = school.ledger if app is school.ledger_app else school.reporting
        hasty = {"Authorization": f"Bearer {school.school(S1).token}"}
        answers = [await client.get(path, headers=hasty) for _ in range(12)]
        late = answers[-1]
        assert (late.status_code, late.json()["code"]) == (429, "too_many_requests")
        assert late.headers["retry-after"] == "1"
        calm = {"Authorization": f"Bearer {school.voice('auditor').token}"}
        assert (await client.get(path, headers=calm)).status_code == 200


async def test_one_request_is_one_however_many_want_to_know_who_asks(school: District) -> None:
    school.ledger_app.state.allowance = Allowance(1)
    voice = school.school(S2)
    room = {"school_id": S2, "room": "A1"}
    for _ in range(10):
        await voice.post("rooms", room)
    assert (await voice.post("rooms", room, expect=429))["code"] == "too_many_requests"


async def test_every_answer_of_both_services_has_the_security_headers(school: District) -> None:
    for client, app in ((school.ledger, ledger_app), (school.reporting, reporting_app)):
        paths = {route.path for module in app.ROUTERS for route in module.router.routes}
        for path in sorted(paths | {"/livez", "/metrics", "/openapi.json", "/docs", "/nothing-here"}):
            for headers in ({}, {"Authorization": f"Bearer {school.bureau.token}"}):
                if path.endswith("/stream") and headers:
                    continue
                answer = await client.get(path, headers=headers)
                missing = [name for name, _ in SECURITY_HEADERS if name.decode() not in answer.headers]
                assert missing in ([], [b"content-security-policy"] if path == "/docs" else []), (path, missing)
                assert answer.status_code < 500, path


async def test_an_answer_about_a_fault_of_ours_has_them_too(school: District) -> None:
    async def broken() -> None:
        raise RuntimeError("a fault")

    school.ledger_app.add_api_route("/broken", broken)
    answer = await school.ledger.get("/broken", headers={"X-Request-ID": "r-19"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "r-19")
    assert all(name.decode() in answer.headers for name, _ in SECURITY_HEADERS)


async def test_a_method_that_an_address_does_not_take_is_answered_with_those_it_takes(school: District) -> None:
    for client, path, taken in (
        (school.ledger, "/v1/sessions/3100000001/a", "DELETE, GET"),
        (school.ledger, "/v1/attachments", "GET, POST"),
        (school.reporting, "/v1/findings", "GET"),
    ):
        answer = await client.put(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, taken)


async def test_a_connection_that_the_store_has_given_up_but_not_closed_yet_is_a_store_to_come_back_to(
    school: District,
) -> None:
    """PostgreSQL ends connections with a word and then hangs up; a request may come between the two."""
    async with _never_hung_up_on(school.database_url) as (url, told):
        pool = await open_pool(url, role="taizhang_reporting", size=1)
        school.reporting_app.state.pool, own = pool, school.reporting_app.state.pool
        asked = {"headers": {"Authorization": f"Bearer {school.school(S1).token}"}}
        try:
            assert (await school.reporting.get("/v1/findings", **asked)).status_code == 200
            await school.fetch("select pg_terminate_backend($1)", await pool.fetchval("select pg_backend_pid()"))
            await told.wait()
            # The client's own buffers are read in the next rounds of the loop.
            await asyncio.sleep(0.05)
            answer = await school.reporting.get("/v1/findings", **asked)
            assert (answer.status_code, answer.json()["code"]) == (503, "stores_unavailable")
        finally:
            school.reporting_app.state.pool = own
            pool.terminate()


@asynccontextmanager
async def _never_hung_up_on(database_url: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A way to the database on which its hanging up is not passed on; and whether it has ended a connection with a word."""
    sockets, told = database_url.partition("host=")[2], asyncio.Event()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(65536):
            writer.write(some)
            if b"SFATAL" in some:
                told.set()

    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(f"{sockets}/.s.PGSQL.5432")
        try:
            await asyncio.gather(pass_on(reader, back), pass_on(there, writer))
        finally:
            for each in (back, writer):
                each.close()
                with suppress(OSError):
                    await each.wait_closed()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.create_task(serve(reader, writer)))

    # A socket's path is short.
    with TemporaryDirectory(prefix="tz-") as between:
        async with await asyncio.start_unix_server(begin, f"{between}/.s.PGSQL.5432"):
            yield database_url.replace(sockets, between), told
            _, hanging = await asyncio.wait(served, timeout=10)
            assert not hanging
