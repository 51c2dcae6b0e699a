"""Bodies as they arrive: in bounded memory, in bounded time, long ones one after the other."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.cli.clients import create_client
from services.ledger_api.ingest.body import LONG_BODY_BYTES, LongBodies, received_body
from shared.problems import Refused
from taizhang.client import SignedIn
from tests.world.standard import MONDAY, S1

MIB = 1024 * 1024


async def _sent(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_long_body_waits_until_the_one_before_it_is_done() -> None:
    long_bodies, first_is_in, first_may_go = LongBodies(), asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def take(name: str, body: bytes, encoding: str = "") -> None:
        async with received_body(_sent(body), encoding, long_bodies) as whole:
            order.append(f"{name} in")
            if name == "first":
                first_is_in.set()
                await first_may_go.wait()
            assert whole.startswith(b"x")
        order.append(f"{name} out")

    long = b"x" * (LONG_BODY_BYTES + 1)
    async with asyncio.TaskGroup() as group:
        group.create_task(take("first", long))
        await first_is_in.wait()
        packed = group.create_task(take("packed", gzip.compress(long), "gzip"))
        await group.create_task(take("short", b"x"))
        assert not packed.done()
        first_may_go.set()
    assert order.index("first out") < order.index("packed in")
    assert order.index("short out") < order.index("first out")


async def test_a_body_that_stalls_is_given_up() -> None:
    async def stalls() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    with pytest.raises(Refused) as refused:
        async with received_body(stalls(), "", LongBodies(), stall_seconds=0.01):
            raise AssertionError
    assert (refused.value.code, refused.value.status) == ("stalled_body", 408)


async def test_a_stream_that_unpacks_to_nothing_without_end_is_refused() -> None:
    nothing = gzip.compress(b"") * 60_000

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield nothing

    with pytest.raises(Refused) as refused:
        async with received_body(endless(), "gzip", LongBodies()):
            raise AssertionError
    assert refused.value.code == "body_too_large"


def _marks(mib: int) -> Iterator[bytes]:
    """Marks of sessions of forty pupils, line by line, so many MiB of them."""
    size, session = 0, 0
    while size < mib * MIB:
        lines = "".join(
            f'{{"school_id":"{S1}","session_id":"m{session}","service_date":"{MONDAY}","student_id":"P{n}",'
            f'"status":"present","reason":"{"x" * 60}"}}\n'
            for n in range(1, 41)
        ).encode()
        size, session = size + len(lines), session + 1
        yield lines


def _children() -> list[Path]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [Path("/proc") / child for task in tasks for child in task.read_text("ascii").split()]


def test_memory_stays_flat_however_long_the_bodies_and_however_many(served: tuple[str, str]) -> None:
    ledger_url, database_url = served
    client = create_client(database_url, kind="school", schools=[S1])
    token = SignedIn(ledger_url, client.client_id, client.client_secret).token()
    address, body = urlsplit(ledger_url), b"".join(_marks(45))
    answers: list[int] = []

    def post(content: bytes, encoding: str) -> None:
        connection = HTTPConnection(str(address.hostname), address.port or 80)
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": encoding,
        }
        connection.request("POST", "/v1/attendance", content, headers)
        answers.append(connection.getresponse().status)
        connection.close()

    for content, encoding in ((body, "identity"), (gzip.compress(body, 1), "gzip")):
        senders = [threading.Thread(target=post, args=(content, encoding)) for _ in range(3)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    post(body + b'{"session_id":1}\n', "identity")
    assert answers == [200] * 6 + [422]
    port = f"TAIZHANG_LEDGER_PORT={address.port}".encode()
    (api,) = (
        child
        for child in _children()
        if (child / "cmdline").read_bytes().endswith(b"\0api\0")
        and port in (child / "environ").read_bytes().split(b"\0")
    )
    status = (api / "status").read_text("ascii")
    peak_kib = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kib < 300 * 1024
