"""PostgreSQL is killed with all its processes in the middle of batches: the API says so, and goes on when it is back."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from tests.faults.conftest import Batch, Site, assert_come_back_later
from tests.world.standard import S2, session, sheet

CLIENTS, BATCHES, RECORDS, KILLS = 4, 10, 30, 2
# More than the pool has connections: none of them may stay dead.
AT_ONCE = 30


def _batches(client: int) -> list[Batch]:
    """What one client sends: sessions and their rolls, of the first school or the second."""
    batches: list[Batch] = []
    school = {"school_id": S2, "staff": {"U1": 1}} if client % 2 else {}
    roll = {"school_id": S2, "present": ["Q1", "Q2", "Q3"]} if client % 2 else {}
    for batch in range(BATCHES // 2):
        ids = [f"c{client}-{batch}-{n}" for n in range(RECORDS)]
        batches.append(("sessions", [session(each, **school) for each in ids]))
        batches.append(("attendance", [sheet(each, **roll) for each in ids]))
    return batches


@contextmanager
def _postgresql_dead(site: Site) -> Iterator[None]:
    """Kill it; its guard tries in vain to start it again until the block ends, for its data are out of reach."""
    cluster, away = site.cluster, site.cluster.with_name("away")
    processes = site.processes_of_postgresql()
    cluster.rename(away)
    for each in processes:
        # Some see that the first one is gone, and go, before their turn comes.
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    yield
    away.rename(cluster)


def test_killed_in_the_middle_of_batches_it_comes_back_with_all_that_was_acknowledged(site: Site) -> None:
    clients = [_batches(client) for client in range(CLIENTS)]
    with site.posting(clients):
        for kill in range(1, KILLS + 1):
            site.await_receipts(kill * CLIENTS * BATCHES // (KILLS + 1))
            with _postgresql_dead(site):
                pass
    assert len(site.receipts) == CLIENTS * BATCHES
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
