"""PostgreSQL is killed with all its processes in the middle of batches: the API says so, and goes on when it is back."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx

from tests.faults.conftest import (
    Batch,
    Site,
    Stack,
    assert_come_back_later,
    batches_of,
    cluster_in,
    processes_of_postgresql,
)
from tests.world.standard import session

CLIENTS, ROUNDS, RECORDS, KILLS = 4, 4, 30, 2
# More than the pool has connections: none of them may stay dead.
AT_ONCE = 30


@contextmanager
def _postgresql_dead(place: Site | Stack) -> Iterator[None]:
    """Kill it; its guard tries in vain to start it again until the block ends, for its data are out of reach."""
    cluster = cluster_in(place.data_dir)
    away = cluster.with_name("away")
    processes = processes_of_postgresql(place.data_dir, place.stores)
    cluster.rename(away)
    for each in processes:
        # Some see that the first one is gone, and go, before their turn comes.
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    yield
    away.rename(cluster)


def test_killed_in_the_middle_of_batches_it_comes_back_with_all_that_was_acknowledged(site: Site) -> None:
    clients = [batches_of(client, rounds=ROUNDS, records=RECORDS) for client in range(CLIENTS)]
    total = sum(map(len, clients))
    with site.posting(clients):
        for kill in range(1, KILLS + 1):
            site.await_receipts(kill * total // (KILLS + 1))
            with _postgresql_dead(site):
                pass
    assert len(site.receipts) == total
    site.assert_acknowledged_is_stored(batch for batches in clients for batch in batches)


def test_whatever_is_asked_meanwhile_is_told_to_come_back_later(site: Site) -> None:
    signs_in = {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "no"}
    # Both kinds of connections are open and in use when it dies.
    assert site.post("sessions", [session("h1")]).status_code == 200
    assert site.send("POST", "/oauth/token", data=signs_in).status_code == 401
    with _postgresql_dead(site):
        for _ in range(2):
            assert_come_back_later(site.post("sessions", [session("h2")]))
            assert_come_back_later(site.send("GET", "/v1/staff/T1"))
            assert_come_back_later(site.send("POST", "/oauth/token", data=signs_in))
            assert_come_back_later(site.send("GET", "/readyz"))
        assert site.send("GET", "/livez").status_code == 200
    batches: list[Batch] = [("sessions", [session(f"after-{n}")]) for n in range(AT_ONCE)]
    with site.posting([[batch] for batch in batches]):
        pass
    assert site.send("POST", "/oauth/token", data=signs_in).status_code == 401
    assert site.send("GET", "/readyz").status_code == 200
    with ThreadPoolExecutor(AT_ONCE) as readers:
        answers = list(readers.map(lambda _: site.send("GET", "/v1/staff/T1"), range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    site.assert_acknowledged_is_stored([("sessions", [session("h1")]), *batches])


def test_the_audit_and_reporting_go_on_too(stack: Stack) -> None:
    def kill(sent: int) -> None:
        if sent in {4, 8}:
            with _postgresql_dead(stack):
                pass

    stack.push(between=kill)
    stack.await_audit()
    stack.assert_nothing_lost_nothing_doubled()
    assert stack.running.ended() is None
    for url in (stack.running.ledger_url, stack.running.reporting_url):
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
