"""Ingest: the district-day through the whole service, against the store's limit and the usual way; ARCHITECTURE's bars.

One API worker as shipped: sign-in, checks, tenancy, chain, outbox, durable commits; a month already in the tables.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from operator import attrgetter
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import mkdtemp

import httpx

from services.cli.bench.clients import CLIENTS, Clients
from services.cli.bench.crowd import crowd_line, peak_mib
from services.cli.bench.database_time import append_in_parts, one_mark_and_bare_commit
from services.cli.bench.district_day import TERM_ID, SchoolDay, district_day, registers, school_ids
from services.cli.bench.measure import Line, Rates, shares, timed
from services.cli.bench.references import binary_rows, copy_rows, make_tables, naive_service
from services.cli.bench.store import A_ROLLS_MARKS, bytes_a_mark, verify_rolls_and_marks
from services.cli.clients import create_client
from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import Running, free_port_or, running_services
from services.cli.progress import progress_bar
from services.cli.up import signing_key_of
from shared.migrations import migrate
from shared.service_calendar import service_days
from shared.settings import read_settings
from taizhang.client import SignedIn

TERM = (date(2025, 9, 1), date(2025, 12, 31))
# Eight clients for 350 schools: each serves some 44 of them, and sends those of a day in bodies of so many.
SCHOOLS_A_BODY = 8
# The naive way takes a hundred times as long: it gets a part of the district, by the same rate.
NAIVE_SCHOOLS = 8
# Some single marks a round; a fsync varies from one to the next.
SINGLE_MARKS = 40
PROFILED_SCHOOLS = 40
MEMORY_MIB = 300
# By sheets, a school a body, by marks, over two workers, alone.
DAYS_A_ROUND = 5
# What a client sends of a school-day.
SESSIONS, SHEETS, FLAT = attrgetter("sessions"), attrgetter("sheets"), attrgetter("flat")


@dataclass(frozen=True)
class Bench:
    """The running API and its stores, with the district's registers in them."""

    stores: Stores
    clients: Clients
    running: Running
    second_url: str
    naive_url: str
    schools: int


def bench_ingest(*, schools: int, days_loaded: int, rounds: int) -> Iterator[Line]:
    """The ingest bars of ARCHITECTURE §6, where the time of a sheet goes, many clients at once, a second worker."""
    days = service_days(*TERM)
    if days_loaded + DAYS_A_ROUND * rounds > len(days):
        raise ValueError(f"{len(days)} days are too few for {days_loaded} loaded and {rounds} rounds of {DAYS_A_ROUND}")
    with _bench(schools) as bench:
        with progress_bar(f"loading {days_loaded} days", days_loaded) as advance:
            for day in days[:days_loaded]:
                _load(bench, district_day(schools, day))
                advance(1)
        rates, singles, parts, checks = Rates(), Rates(), defaultdict(list), Rates()
        with progress_bar("measuring", rounds) as advance:
            for number in range(rounds):
                by_sheets, by_school, by_marks, by_two, alone = days[days_loaded + DAYS_A_ROUND * number :][
                    :DAYS_A_ROUND
                ]
                _round(bench, by_sheets, by_school, by_marks, rates)
                _store_times(bench, by_marks, singles)
                for part, seconds in _parts(bench, alone).items():
                    parts[part].append(seconds)
                _two_workers(bench, by_two, rates)
                _verify(bench, by_sheets, checks)
                advance(1)
        beyond = days[days_loaded + DAYS_A_ROUND * rounds]
        crowd = crowd_line(bench.running.ledger_url, _school_bodies(bench, beyond))
        sizes = Rates()
        sizes.add("rolls", bytes_a_mark(bench.stores.database_url, "ledger.attendance_revision", A_ROLLS_MARKS), 1)
        sizes.add("marks", bytes_a_mark(bench.stores.database_url, "bench.mark", "count(*)"), 1)
        memory = Rates()
        memory.add("resident", peak_mib(bench.running.processes["api"].pid), 1)
        memory.add("bound", MEMORY_MIB, 1)
    unit = "marks/s"
    yield rates.line("district_day_sheets", "sheets", "limit", bar=1.2, unit=unit)
    yield rates.line("district_day_sheets_a_school_a_body", "apart", "limit", bar=1.2, unit=unit)
    yield rates.line("district_day_flat", "flat", "limit", bar=0.85, unit=unit)
    yield rates.line("district_day_vs_naive", "sheets", "naive", bar=60, unit=unit)
    yield rates.line("replay", "replay", "sheets", bar=3, unit=unit)
    yield singles.line("one_mark_db", "one mark", "bare commit", bar=2.2, unit="ms", more_is_better=False)
    yield sizes.line(
        "bytes_per_mark", "rolls", "marks", bar=0.12, unit="bytes a mark, with indexes", more_is_better=False
    )
    yield checks.line("verify_day", "rolls", "marks", bar=0.15, unit="s", more_is_better=False)
    yield memory.line("memory_mib", "resident", "bound", bar=1, unit="MiB, ledger API", more_is_better=False)
    yield rates.line("two_workers", "two", "sheets", unit=unit)
    yield crowd
    yield shares("profile_sheets", parts, unit="ms a school-day of sheets, one after the other")


@contextmanager
def _bench(schools: int) -> Iterator[Bench]:
    data_dir = Path(mkdtemp(prefix="taizhang-bench-"))
    data_dir.chmod(0o755)
    settings = read_settings(data_dir=data_dir, ledger_port=0, reporting_port=0)
    key = signing_key_of(settings)
    with embedded_stores(data_dir) as stores:
        migrate(stores.database_url)
        make_tables(stores.database_url)
        with (
            running_services(settings, stores, key, commands=("api",)) as running,
            running_services(settings, stores, key, commands=("api",)) as second,
            naive_service(stores.database_url, free_port_or("127.0.0.1", 0)) as naive_url,
        ):
            register_district(running.ledger_url, stores.database_url, schools)
            clients = Clients(running.ledger_url, stores.database_url, school_ids(schools))
            clients.send(
                clients.shares_of(
                    [
                        (school_id, resource, body)
                        for school_id in school_ids(schools)
                        for resource, body in registers(school_id).items()
                    ],
                ),
            )
            yield Bench(stores, clients, running, second.ledger_url, naive_url, schools)
    rmtree(data_dir)


def register_district(ledger_url: str, database_url: str, schools: int) -> None:
    """Enter the term and so many schools, as the bureau."""
    bureau = create_client(database_url, kind="bureau")
    auth = SignedIn(ledger_url, bureau.client_id, bureau.client_secret)
    term = {"term_id": TERM_ID, "starts_on": TERM[0].isoformat(), "ends_on": TERM[1].isoformat()}
    district = [{"school_id": school_id, "name": "学校", "stages": ["primary"]} for school_id in school_ids(schools)]
    with httpx.Client(base_url=ledger_url, auth=auth, timeout=60, trust_env=False) as client:
        for resource, records in (("terms", [term]), ("schools", district)):
            client.post(f"/v1/{resource}", json=records).raise_for_status()


def _load(bench: Bench, days: Sequence[SchoolDay]) -> None:
    """A day into every table, so that all are as deep."""
    bench.clients.post(days, ("sessions", SESSIONS), ("attendance", SHEETS))
    copy_rows(bench.stores.database_url, binary_rows(bench.stores.database_url, list(days)))


def _round(bench: Bench, by_sheets: date, by_school: date, by_marks: date, rates: Rates) -> None:
    """Every way once: sheets, their replay, the limit, a school a body, flat marks, the naive way."""
    days = district_day(bench.schools, by_sheets)
    marks = sum(day.marks for day in days)
    for name in ("sheets", "replay"):
        rates.add(name, marks, _timed_post(bench, days, SHEETS, schools_a_body=SCHOOLS_A_BODY))
    apart = district_day(bench.schools, by_school)
    rates.add("apart", marks, _timed_post(bench, apart, SHEETS, schools_a_body=1))
    stream = binary_rows(bench.stores.database_url, days)
    rates.add("limit", marks, timed(lambda: copy_rows(bench.stores.database_url, stream)))
    few = days[:NAIVE_SCHOOLS]
    rates.add("naive", sum(day.marks for day in few), timed(lambda: _post_naively(bench, few)))
    flat = district_day(bench.schools, by_marks)
    rates.add("flat", marks, _timed_post(bench, flat, FLAT, schools_a_body=SCHOOLS_A_BODY))


def _two_workers(bench: Bench, day: date, rates: Rates) -> None:
    """A day of sheets over two API workers, as many schools a body as the one worker got."""
    days = district_day(bench.schools, day)
    workers = (bench.running.ledger_url, bench.second_url)
    seconds = _timed_post(bench, days, SHEETS, schools_a_body=SCHOOLS_A_BODY, workers=workers)
    rates.add("two", sum(each.marks for each in days), seconds)


def _verify(bench: Bench, day: date, checks: Rates) -> None:
    """Seconds to recompute the day's digests, over rolls and over marks, into `checks`."""
    rolls, marks = verify_rolls_and_marks(bench.stores.database_url, school_ids(bench.schools), day)
    checks.add("rolls", rolls, 1)
    checks.add("marks", marks, 1)


def _school_bodies(bench: Bench, day: date) -> list[tuple[str, bytes]]:
    """The token and the sheets of every school."""
    days = district_day(bench.schools, day)
    return [(bench.clients.token_of(each.school_id), each.sheets) for each in days]


def _timed_post(
    bench: Bench,
    days: Sequence[SchoolDay],
    rolls: Callable[[SchoolDay], bytes],
    *,
    schools_a_body: int,
    workers: Sequence[str] = (),
) -> float:
    """Seconds to post a day's sessions and rolls."""
    bodies = (("sessions", SESSIONS), ("attendance", rolls))
    return timed(lambda: bench.clients.post(days, *bodies, schools_a_body=schools_a_body, workers=workers))


def _post_naively(bench: Bench, days: Sequence[SchoolDay]) -> None:
    """Sessions and marks of each school as one JSON list each; as many clients at once as ours are."""

    def post(day: SchoolDay) -> None:
        with httpx.Client(base_url=bench.naive_url, timeout=600, trust_env=False) as client:
            for path, lines in (("/sessions", day.sessions), ("/attendance", day.flat)):
                body = b"[" + lines.strip().replace(b"\n", b",") + b"]"
                client.post(path, content=body, headers={"Content-Type": "application/json"}).raise_for_status()

    with ThreadPoolExecutor(CLIENTS) as threads:
        for _posted in threads.map(post, days):
            pass


def _store_times(bench: Bench, day: date, singles: Rates) -> None:
    """The store's milliseconds for one mark and for a bare commit, into `singles`."""
    days = district_day(min(bench.schools, SINGLE_MARKS), day)
    ours, bare = one_mark_and_bare_commit(bench.stores.database_url, days, marks=SINGLE_MARKS)
    singles.add("one mark", ours * 1000, 1)
    singles.add("bare commit", bare * 1000, 1)


def _parts(bench: Bench, day: date) -> dict[str, float]:
    """Seconds of a school-day of sheets, part by part: half of the schools in this process, half through the door."""
    days = district_day(min(bench.schools, PROFILED_SCHOOLS), day)
    here, there = days[::2], days[1::2]
    parts = append_in_parts(bench.stores.database_url, here)
    rolls = ("attendance", SHEETS)
    whole = median([timed(partial(bench.clients.post, [one], rolls)) for one in there])
    return {**parts, "http": max(0.0, whole - sum(parts.values()))}
