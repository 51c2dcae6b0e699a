"""One webhook over the network: pinned to the address that was looked at, bounded in time and size, whatever answers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address, ip_network

import pytest

from services.audit_worker import delivery
from services.audit_worker.delivery import Answer, Postman
from shared.receiver_address import Address
from tests.world.receiver import Receiver, receiving

HERE = (ip_network("127.0.0.0/8"),)


async def _post(url: str, *addresses: str, inside: bool = True) -> tuple[Answer, list[str]]:
    """Post `{}`; `addresses`: what names resolve to, one look-up after the other."""
    left, asked = list(addresses), []

    async def resolve(host: str, _port: int) -> Sequence[Address]:
        asked.append(host)
        return [ip_address(left.pop(0))]

    async with Postman(HERE if inside else (), resolve=resolve if addresses else None) as postman:
        return await postman.post(url, {"webhook-id": "1"}, b"{}"), asked


async def test_the_address_that_was_looked_at_is_the_one_that_is_called() -> None:
    async with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        # A second look-up would lead elsewhere.
        answer, asked = await _post(f"http://receiver.example:{port}/hooks?a=b", "127.0.0.1", "10.0.0.1")
    assert (answer.status, answer.error, asked) == (204, None, ["receiver.example"])
    assert receiver.received[0].headers["host"] == f"receiver.example:{port}"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
async def test_a_name_that_leads_inside_the_house_is_not_called(address: str) -> None:
    answer, _ = await _post("https://receiver.example/", address, inside=False)
    assert answer.status is None
    assert (answer.error or "").startswith("address_not_allowed")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1"])
async def test_an_address_in_odd_spelling_is_looked_at_as_what_it_is(host: str) -> None:
    answer, _ = await _post(f"https://{host}/", inside=False)
    assert (answer.error or "").startswith("address_not_allowed")


async def test_a_receiver_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "WHOLE_SECONDS", 0.3)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await asyncio.sleep(0.05)

    answer = await _from_socket(drip)
    assert (answer.error or "").startswith("timeout")


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"x" * 65536)
                sent += 65536
                await writer.drain()
        except ConnectionError:
            writer.close()

    assert (await _from_socket(pour)).delivered
    assert sent < 50_000_000


async def test_what_is_not_http_is_an_error_and_no_exception() -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        writer.close()

    assert ((await _from_socket(babble)).error or "").startswith("connection_failed")


async def _from_socket(handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> Answer:
    at_work: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(
        lambda reader, writer: at_work.append(asyncio.ensure_future(answer(reader, writer))), "127.0.0.1", 0
    )
    try:
        port = server.sockets[0].getsockname()[1]
        return (await _post(f"http://127.0.0.1:{port}/"))[0]
    finally:
        server.close()
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


async def test_nobody_there_is_an_error() -> None:
    async with receiving() as receiver:
        url = receiver.url
    answer, _ = await _post(url)
    assert (answer.status, (answer.error or "").partition(":")[0]) == (None, "connection_failed")


@pytest.mark.parametrize(
    ("status", "delivered", "gone"),
    [(200, True, False), (299, True, False), (301, False, False), (404, False, False), (410, False, True)],
)
async def test_only_2xx_is_taken(status: int, delivered: bool, gone: bool) -> None:
    async with receiving() as receiver:
        receiver.answers(status)
        answer, _ = await _post(receiver.url)
    assert (answer.delivered, answer.gone) == (delivered, gone)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("-5", None), ("9" * 30, None)],
)
async def test_retry_after_is_read_as_seconds_or_a_date(said: str, seconds: float | None) -> None:
    receiver: Receiver
    async with receiving() as receiver:
        receiver.answers(429, retry_after=said)
        answer, _ = await _post(receiver.url)
    assert (None if answer.retry_after is None else answer.retry_after.total_seconds()) == seconds
