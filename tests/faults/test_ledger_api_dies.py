"""The ledger API is killed in the middle of batches, again and again: what it acknowledged is stored, and once."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.faults.conftest import Site, batches_of
from tests.world.standard import S1, session

CLIENTS, ROUNDS, RECORDS, KILLS = 4, 4, 30, 3


def test_kills_in_the_middle_of_many_clients_batches_lose_and_double_nothing(site: Site) -> None:
    clients = [batches_of(client, rounds=ROUNDS, records=RECORDS) for client in range(CLIENTS)]
    total = sum(map(len, clients))
    with site.posting(clients):
        for kill in range(1, KILLS + 1):
            site.await_receipts(kill * total // (KILLS + 1))
            site.kill_api()
            site.start_api()
    assert len(site.receipts) == total
    site.assert_acknowledged_is_stored(batch for batches in clients for batch in batches)


def test_a_batch_that_outlives_the_killed_api_is_unchanged_when_it_is_sent_again(site: Site) -> None:
    records = [session(f"h{n}") for n in range(RECORDS)]
    with ThreadPoolExecutor(1) as client:
        with site.chain_head_locked(S1):
            answer = client.submit(site.post, "sessions", records)
            site.await_writers(1)
            site.kill_api()
            with pytest.raises(httpx.TransportError):
                answer.result()
        # The statement that waited goes on in the database, with nobody left to hear of it.
        site.await_writers(0)
    site.start_api()
    receipt = site.post_until_acknowledged("sessions", records)
    assert receipt["unchanged"] == RECORDS
    site.assert_acknowledged_is_stored([("sessions", records)])
