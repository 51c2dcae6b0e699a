"""A school's chain is locked while more writers come than the pool has connections: nobody waits for ever."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import islice

import httpx
import pytest

from tests.faults.conftest import Batch, Site, assert_come_back_later
from tests.world.standard import S1, session

CONNECTIONS, BEYOND = 3, 5


@pytest.fixture(autouse=True)
def _small_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAIZHANG_DATABASE_POOL_SIZE", str(CONNECTIONS))


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    """Many of them."""
    with ThreadPoolExecutor(CONNECTIONS + BEYOND) as pool:
        yield pool


BATCHES: list[Batch] = [("sessions", [session(f"h{n}")]) for n in range(CONNECTIONS + BEYOND)]


def _post_all(site: Site, clients: ThreadPoolExecutor) -> list[Future[httpx.Response]]:
    return [clients.submit(site.post, *batch) for batch in BATCHES]


def test_those_beyond_are_told_to_come_back_and_the_others_are_acknowledged_when_the_lock_goes(
    site: Site, clients: ThreadPoolExecutor
) -> None:
    with site.chain_head_locked(S1):
        sent = _post_all(site, clients)
        site.await_writers(CONNECTIONS)
        for refused in islice(as_completed(sent), BEYOND):
            assert_come_back_later(refused.result())
            assert refused.result().json()["code"] == "busy"
        assert sum(each.done() for each in sent) == BEYOND
    assert sorted(each.result().status_code for each in sent) == [200] * CONNECTIONS + [503] * BEYOND
    for batch in BATCHES:
        site.post_until_acknowledged(*batch)
    assert sum(receipt["created"] for receipt in site.receipts) == BEYOND
    site.assert_acknowledged_is_stored(BATCHES)


def test_a_lock_that_never_goes_holds_nobody_up_for_ever(site: Site, clients: ThreadPoolExecutor) -> None:
    with site.chain_head_locked(S1):
        for refused in as_completed(_post_all(site, clients)):
            assert_come_back_later(refused.result())
            assert refused.result().json()["code"] == "busy"
        # The connections are given back: another school, or a reader, is served meanwhile.
        assert site.send("GET", "/v1/staff/T1").status_code == 200
    for batch in BATCHES:
        site.post_until_acknowledged(*batch)
    assert sum(receipt["created"] for receipt in site.receipts) == len(BATCHES)
    site.assert_acknowledged_is_stored(BATCHES)
