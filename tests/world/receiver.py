"""A receiver of webhooks on a socket of its own, which answers as the story wants: in this process, or as one to be killed.

`python -m tests.world.receiver PORT FILE` notes each webhook as a line of FILE, on the disk, before it answers 200.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

Json = dict[str, Any]
# Status, headers, body of an answer to a webhook's body; it may take its time.
Answering = Callable[[Json], Awaitable[tuple[int, dict[str, str], bytes]]]


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Json:
        """The body as JSON."""
        event: Json = json.loads(self.body)
        return event

    @property
    def school_id(self) -> str:
        """Of whose finding it tells."""
        school_id: str = self.event["data"]["finding"]["school_id"]
        return school_id


async def _take(_event: Json) -> tuple[int, dict[str, str], bytes]:
    return 204, {}, b""


@dataclass
class Receiver:
    """Where webhooks arrive. `answering` may be changed at any time."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answering: Answering = _take
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    def answers(self, status: int, **headers: str) -> None:
        """From now on the same to everything."""

        async def same(_event: Json) -> tuple[int, dict[str, str], bytes]:
            return status, {name.replace("_", "-"): value for name, value in headers.items()}, b""

        self.answering = same

    async def await_number(self, number: int) -> None:
        """Wait until so many requests have come."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.received) >= number)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request (ASGI)."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        async with self.arrived:
            self.received.append(Received(scope["path"], headers, body))
            self.arrived.notify_all()
        status, answered, said = await self.answering(json.loads(body))
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in answered.items()],
            }
        )
        await send({"type": "http.response.body", "body": said})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver in this process, on a free port of this machine."""
    receiver = Receiver()
    config = uvicorn.Config(receiver, port=0, lifespan="off", log_level="warning", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    receiver.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hooks"
    yield receiver
    server.should_exit = True
    await serving


def _note_and_answer(port: int, path: Path) -> None:
    lines = path.open("a")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        lines.write(json.dumps({"headers": headers, "body": body.decode()}) + "\n")
        lines.flush()
        os.fsync(lines.fileno())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    uvicorn.run(app, port=port, lifespan="off", log_level="warning")


if __name__ == "__main__":
    _note_and_answer(int(sys.argv[1]), Path(sys.argv[2]))
