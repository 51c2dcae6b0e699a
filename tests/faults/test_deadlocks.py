"""Many write for many schools at once, in whatever order: they wait for each other, and never in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import psycopg

from tests.faults.conftest import Batch, Site
from tests.world.district import Json
from tests.world.standard import S1, S2, TERM, duty, school_of, session, sheet, slot_of

SCHOOLS = [f"31011501{n:02}" for n in range(8)]
NEW_SCHOOLS = [f"31011502{n:02}" for n in range(8)]
CLIENTS, BATCHES, EACH, CHOICE = 6, 25, 3, 8
# The days are closed now and then: a correction says why.
WHY = "更正"


def _staff(school_id: str, n: int) -> str:
    return f"{school_id}-T{n}"


def _pupil(school_id: str, n: int) -> str:
    return f"{school_id}-P{n}"


# What a school sends of each resource: `n` of a few, so that clients meet; `change` makes the one differ from the other.
OF_A_SCHOOL: dict[str, Callable[[str, int, int], Json]] = {
    "sessions": lambda s, n, change: session(f"h{n}", school_id=s, staff={_staff(s, n): 1}, headcount=change, reason=WHY),
    "attendance": lambda s, n, change: sheet(
        f"h{n}", school_id=s, present=[_pupil(s, each) for each in range(change % CHOICE)], reason=WHY
    ),
    "days": lambda s, n, change: {
        "school_id": s, "service_date": f"2025-09-{n + 1:02}", "state": "closed", "sessions": change, "reason": WHY,
    },
    "duties": lambda s, n, change: duty(f"d{n}", _staff(s, n), change, school_id=s, reason=WHY),
    "staff": lambda s, n, change: {"staff_id": _staff(s, n + change), "school_id": s, "kind": "employee"},
    "students": lambda s, n, change: {"student_id": _pupil(s, n + change), "school_id": s, "grade": 1 + change % 9},
    "leaves": lambda s, n, change: {
        "staff_id": _staff(s, n), "starts_on": "2025-09-15", "ends_on": f"2025-09-{16 + change}", "kind": "sick",
    },
    "consents": lambda s, n, change: {
        "school_id": s, "term_id": TERM, "student_id": _pupil(s, n), "opted_in": bool(change % 2),
    },
    "slots": lambda s, n, change: {**slot_of(s, f"s{n % 3 + 1}"), "minutes_per_class_hour": 40 + change},
    "rooms": lambda s, n, change: {"school_id": s, "room": str(n), "capacity": 30 + change},
}  # fmt: skip
OF_THE_DISTRICT: dict[str, Callable[[int, int], Json]] = {
    "schools": lambda n, change: {**school_of((SCHOOLS + NEW_SCHOOLS)[2 * n], "primary"), "name": f"学校{change}"},
    "terms": lambda n, change: {
        "term_id": f"{2030 + n}-{2031 + n}-1", "starts_on": f"{2030 + n}-09-01", "ends_on": f"{2031 + n}-01-{10 + change}",
        "holidays": [], "makeup_days": [],
    },
    "closures": lambda n, change: {
        "closure_id": f"c{n}", "starts_on": "2025-09-10", "ends_on": f"2025-09-{11 + change}", "reason": "台风",
    },
    "providers": lambda n, change: {"provider_id": f"v{n}", "name": f"中心{change}", "listed": True},
}  # fmt: skip


def _open_schools(site: Site) -> None:
    """Register the schools, each with a few staff and pupils and its three slots."""
    site.let_in("school", [S1, S2, *SCHOOLS])
    site.post_until_acknowledged("schools", [school_of(each, "primary") for each in SCHOOLS], by="bureau")
    for resource, few in (("slots", 3), ("staff", CHOICE), ("students", CHOICE)):
        site.post_until_acknowledged(resource, [OF_A_SCHOOL[resource](s, n, 0) for s in SCHOOLS for n in range(few)])


def _send_at_random(site: Site, client: int) -> None:
    """Batches of any resource, each of some of the schools in any order; one in five is the district's."""
    chance = Random(f"client {client}")  # noqa: S311 nothing to hide
    for _ in range(BATCHES):
        change = chance.randrange(1, 9)
        some = chance.sample(range(CHOICE), EACH)
        if chance.random() < 0.2:
            resource = chance.choice(list(OF_THE_DISTRICT))
            records = [OF_THE_DISTRICT[resource](n, change) for n in some]
            site.post_until_acknowledged(resource, records, by="bureau")
        else:
            resource = chance.choice(list(OF_A_SCHOOL))
            some = [0, 1, 2] if resource == "slots" else some
            schools = chance.sample(SCHOOLS, chance.randrange(1, len(SCHOOLS) + 1))
            records = [OF_A_SCHOOL[resource](school_id, n, change) for n in some for school_id in schools]
            site.post_until_acknowledged(resource, records)


def test_batches_of_any_schools_in_any_order_are_all_acknowledged(site: Site) -> None:
    _open_schools(site)
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda client: _send_at_random(site, client), range(CLIENTS)))
    assert site.deadlocks() == 0
    site.assert_verified()


def test_two_schools_that_register_the_same_people_in_opposite_orders_do_not_wait_for_each_other(site: Site) -> None:
    """Each comes to a person that a third is just registering while it holds one that the other comes to next."""
    orders = {S1: ["x", "held-1", "y"], S2: ["y", "held-2", "x"]}
    with ThreadPoolExecutor(2) as clients:
        with psycopg.connect(site.stores.database_url) as third:
            third.execute(
                "insert into ledger.person (resource, person_id, school_id) values ('students', %s, ''), ('students', %s, '')",
                ("held-1", "held-2"),
            )
            sent = [
                clients.submit(site.post, "students", [{"student_id": p, "school_id": s, "grade": 3} for p in people])
                for s, people in orders.items()
            ]
            site.await_writers(2)
            third.rollback()
        # Ids are unique in the district: whoever comes second is told whose they are.
        assert sorted(each.result().status_code for each in sent) == [200, 409]
    assert site.deadlocks() == 0
    site.assert_verified()


def test_a_term_is_entered_while_a_reader_and_a_writer_are_in_the_middle(site: Site) -> None:
    """Its school year is new tables: they wait for nobody who reads or writes the years that are there."""
    term = {
        "term_id": "2031-2032-1",
        "starts_on": "2031-09-01",
        "ends_on": "2032-01-20",
        "holidays": [],
        "makeup_days": [],
    }
    with psycopg.connect(site.stores.database_url) as reader, psycopg.connect(site.stores.database_url) as writer:
        reader.execute("select from ledger.attendance_revision")
        # What an append holds until its commit.
        writer.execute("lock table ledger.session_revision in row exclusive mode")
        assert site.post("terms", [term], by="bureau").status_code == 200
        reader.execute("select from ledger.session_revision")
    assert site.deadlocks() == 0
    later: Batch = ("sessions", [session("later", service_date="2031-09-01")])
    assert site.post("slots", [{**slot_of(S1, "s1"), "term_id": "2031-2032-1"}]).status_code == 200
    assert site.post_until_acknowledged(*later)["created"] == 1
    site.assert_acknowledged_is_stored([later])
