"""The attachment store when its bucket is not there."""

import asyncio

import pytest

from services.ledger_api.attachment_store import AttachmentStore
from tests.world.district import District
from tests.world.standard import S1


async def test_a_bucket_that_is_not_there_takes_nothing(school: District, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        said = b"<Error><Code>NoSuchBucket</Code></Error>"
        writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        school.ledger_app.state.attachments = AttachmentStore("s3://papers/taizhang")
        refused = await school.school(S1).send("POST", "/v1/attachments", content=b"%PDF-1.4\n%%EOF\n")
    assert (refused.status_code, refused.json()["code"]) == (503, "attachments_unavailable")
    assert await school.fetch("select from ledger.entry where resource = 'attachments'") == []
