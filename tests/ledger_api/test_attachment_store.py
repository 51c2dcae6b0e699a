"""Attachments in an S3-compatible store: moto's server, over the network as any other."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import boto3  # type: ignore[import-untyped]
import httpx
import pytest
from moto.server import ThreadedMotoServer

from services.ledger_api.attachment_store import AttachmentStore
from tests.world.district import District
from tests.world.standard import S1

PDF = b"%PDF-1.4\n%%EOF\n"
# Longer than a part: it goes in several.
LONG = b"%PDF-1.4\n" + bytes(12 * 1024 * 1024) + b"%%EOF\n"
BUCKET, PREFIX = "papers", "taizhang"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3-compatible store."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(s3: str, school: District, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of an empty bucket, where the school's attachments go from now on."""
    httpx.post(f"{s3}/moto-api/reset", trust_env=False).raise_for_status()
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    school.ledger_app.state.attachments = AttachmentStore(f"s3://{BUCKET}/{PREFIX}")
    return client


def _at(content: bytes) -> dict[str, str]:
    """Where a file lies."""
    digest = sha256(content).hexdigest()
    return {"Bucket": BUCKET, "Key": f"{PREFIX}/{digest[:2]}/{digest}"}


@pytest.mark.parametrize("content", [PDF, LONG], ids=["one part", "several parts"])
async def test_a_paper_lies_in_the_bucket_and_comes_back(school: District, client: Any, content: bytes) -> None:
    own = school.school(S1)
    kept = await own.send("POST", "/v1/attachments", content=content)
    assert (kept.status_code, kept.json()["sha256"]) == (200, sha256(content).hexdigest())
    assert client.get_object(**_at(content))["Body"].read() == content
    assert (await own.send("GET", f"/v1/attachments/{kept.json()['sha256']}")).content == content


@pytest.mark.parametrize("exchanged", [PDF.replace(b"1.4", b"1.5"), PDF[:-1], b"", None])
async def test_what_was_exchanged_or_deleted_in_the_bucket_is_not_given_out(
    school: District, client: Any, exchanged: bytes | None
) -> None:
    own = school.school(S1)
    digest = (await own.send("POST", "/v1/attachments", content=PDF)).json()["sha256"]
    if exchanged is None:
        client.delete_object(**_at(PDF))
    else:
        client.put_object(**_at(PDF), Body=exchanged)
    assert (await own.get(f"/v1/attachments/{digest}", expect=500))["code"] == "attachment_damaged"
    # Whoever has it still can bring it back.
    assert (await own.send("POST", "/v1/attachments", content=PDF)).json()["unchanged"] == 1
    assert (await own.send("GET", f"/v1/attachments/{digest}")).content == PDF


async def test_a_bucket_that_is_not_there_takes_nothing(school: District, client: Any) -> None:
    client.delete_bucket(Bucket=BUCKET)
    refused = await school.school(S1).send("POST", "/v1/attachments", content=PDF)
    assert (refused.status_code, refused.json()["code"]) == (503, "attachments_unavailable")
    assert await school.fetch("select from ledger.entry where resource = 'attachments'") == []
