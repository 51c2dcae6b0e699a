"""Several clients post the same records at the same moment: one creates them, to the others they are unchanged."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.faults.conftest import Batch, Site
from tests.world.district import Json
from tests.world.standard import MONDAY, S1, duty, session, sheet

CLIENTS, ROUNDS, RECORDS = 3, 6, 20


def _round(number: int) -> list[Batch]:
    """New records of every shape: registers, sessions, sheets, marks that make a roll, an entry with a day."""
    ids = [f"r{number}-{n}" for n in range(RECORDS)]
    marks = {"school_id": S1, "session_id": f"marks-{number}", "service_date": MONDAY, "status": "present"}
    return [
        ("students", [{"student_id": each, "school_id": S1, "grade": 3} for each in ids]),
        ("staff", [{"staff_id": each, "school_id": S1, "kind": "employee"} for each in ids]),
        ("rooms", [{"room": each, "school_id": S1} for each in ids]),
        ("sessions", [session(each) for each in ids]),
        ("attendance", [sheet(each) for each in ids]),
        ("attendance", [{**marks, "student_id": each} for each in ids]),
        ("duties", [duty(each) for each in ids]),
    ]


def _post_at_once(site: Site, batches: list[Batch]) -> list[tuple[Json, ...]]:
    """Every client sends every batch, all of them the same one at the same moment; the receipts of each."""
    ready = Barrier(CLIENTS)

    def send(batch: Batch) -> Json:
        ready.wait()
        return site.post_until_acknowledged(*batch)

    with ThreadPoolExecutor(CLIENTS) as clients:
        sent = [clients.submit(lambda: [send(batch) for batch in batches]) for _ in range(CLIENTS)]
        return list(zip(*(each.result() for each in sent), strict=True))


def test_one_client_creates_the_records_and_the_others_find_them_unchanged(site: Site) -> None:
    batches = [batch for number in range(ROUNDS) for batch in _round(number)]
    for receipts in _post_at_once(site, batches):
        told = sorted((receipt["created"], receipt["revised"], receipt["unchanged"]) for receipt in receipts)
        assert told == [(0, 0, RECORDS)] * (CLIENTS - 1) + [(RECORDS, 0, 0)]
    site.assert_verified()
    revised = "select count(*) from ledger.chain_entry where revised > 0"
    assert site.query(revised) == [(0,)]
    assert site.query(f"select count(*) from ledger.batch where client_id = 'school' and created = {RECORDS}") == [
        (len(batches),)
    ]
