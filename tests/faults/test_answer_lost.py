"""The connection is cut after the commit and before the answer: the client sends the same again, and nothing is doubled."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from services.ledger_api.dependencies import REPLAY_LOOKUP_BYTES
from tests.faults.conftest import Batch, Site
from tests.world.standard import duty, session, sheet

BATCHES: list[Batch] = [
    ("sessions", [session("h1")]),
    ("sessions", [session(f"many-{n}") for n in range(100)]),
    ("attendance", [sheet("h1")]),
    ("attendance", [sheet(f"many-{n}") for n in range(100)]),
    ("duties", [duty()]),
    ("duties", [duty(f"many-{n}") for n in range(100)]),
]


@contextmanager
def _cut_off(url: str) -> Iterator[str]:
    """Something between client and API that passes one request on, and hangs up when the answer comes."""
    address = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as door, ThreadPoolExecutor(2) as ways:

        def pass_on(source: socket.socket, target: socket.socket) -> None:
            while some := source.recv(65536):
                target.sendall(some)

        def serve() -> None:
            client, _ = door.accept()
            with client, socket.create_connection((address.hostname, address.port)) as api:
                asking = ways.submit(pass_on, client, api)
                assert api.recv(65536), "the API answers"
                client.shutdown(socket.SHUT_RDWR)
                asking.result()

        served = ways.submit(serve)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        served.result()


def test_the_same_again_is_unchanged(site: Site) -> None:
    for resource, records in BATCHES:
        with _cut_off(site.running.ledger_url) as url, pytest.raises(httpx.RemoteProtocolError):
            site.post(resource, records, url=url)
        [(first_batch_id,)] = site.query("select batch_id from ledger.batch order by recorded_at desc limit 1")
        again = site.post_until_acknowledged(resource, records)
        assert (again["received"], again["created"], again["revised"]) == (len(records), 0, 0)
        assert again["unchanged"] == len(records)
        # A long body is known again by its digest, and answered from its first receipt.
        is_long = len(httpx.Request("POST", url, json=records).content) > REPLAY_LOOKUP_BYTES
        assert (again["batch_id"] == str(first_batch_id)) == is_long == (len(records) > 1)
    site.assert_acknowledged_is_stored(BATCHES)
