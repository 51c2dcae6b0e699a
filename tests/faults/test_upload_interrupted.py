"""The ledger API is killed in the middle of an upload: nothing is acknowledged, and no half file has an address."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.conftest import PATIENCE_SECONDS, RETRY_SECONDS, Site
from tests.world.standard import S1

PAPER = b"%PDF-1.4\n" + b"0 0 obj\n" * 1_500_000
DIGEST = sha256(PAPER).hexdigest()
UPLOAD = {"params": {"school_id": S1}, "content": PAPER}


def _kept(site: Site) -> list[Path]:
    return [path for path in (site.data_dir / "attachments").rglob("*") if path.is_file()]


def _facts(site: Site) -> list[tuple[object, ...]]:
    return site.query("select key from ledger.entry where resource = 'attachments'")


def test_a_kill_while_the_file_arrives_leaves_nothing(site: Site) -> None:
    address = urlsplit(site.running.ledger_url)
    head = (
        f"POST /v1/attachments?school_id={S1} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(PAPER)}\r\n"
        f"Authorization: {site.headers['school']['Authorization']}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as sender:
        sender.settimeout(PATIENCE_SECONDS)
        # More than any buffer on the way holds: the API has taken a part of it when all of this is sent.
        sender.sendall(head.encode() + PAPER[: len(PAPER) * 3 // 4])
        site.kill_api()
    site.start_api()
    site.await_api()
    assert site.send("GET", f"/v1/attachments/{DIGEST}").status_code == httpx.codes.NOT_FOUND
    assert (_facts(site), _kept(site)) == ([], [])
    assert site.send("POST", "/v1/attachments", **UPLOAD).json()["created"] == 1
    assert site.send("GET", f"/v1/attachments/{DIGEST}").content == PAPER
    site.assert_verified()


def test_a_kill_between_the_file_and_its_fact_is_made_good_by_sending_it_again(site: Site) -> None:
    with ThreadPoolExecutor(1) as client, site.chain_head_locked(S1):
        answer = client.submit(site.send, "POST", "/v1/attachments", **UPLOAD)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _kept(site):
            assert time.monotonic() < deadline, "the file does not come"
            time.sleep(RETRY_SECONDS)
        site.await_writers(1)
        site.kill_api()
        with pytest.raises(httpx.TransportError):
            answer.result()
    site.await_writers(0)
    site.start_api()
    site.await_api()
    again = site.send("POST", "/v1/attachments", **UPLOAD).json()
    assert again["created"] + again["unchanged"] == 1
    assert _facts(site) == [(DIGEST,)]
    assert site.send("GET", f"/v1/attachments/{DIGEST}").content == PAPER
    site.assert_verified()
