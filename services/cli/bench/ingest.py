"""Ingest: the district-day through the whole service, against the store's limit and the usual way; ARCHITECTURE's bars.

One API worker as shipped: sign-in, checks, tenancy, chain, outbox, durable commits; a month already in the tables.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
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
import msgspec

from services.cli.bench.clients import Clients
from services.cli.bench.database_time import append_in_parts, one_mark_and_bare_commit
from services.cli.bench.district_day import TERM_ID, SchoolDay, district_day, registers, school_ids
from services.cli.bench.measure import Line, Rates, shares, timed
from services.cli.bench.references import binary_rows, copy_rows, make_tables, naive_service
from services.cli.clients import create_client
from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import free_port_or, running_services
from services.cli.progress import progress_bar
from services.cli.push import SignedIn
from services.cli.up import signing_key_of
from shared.migrations import migrate
from shared.service_calendar import service_days
from shared.settings import read_settings

TERM = (date(2025, 9, 1), date(2025, 11, 30))
# Eight clients for 350 schools: each serves some 44 of them, and sends those of a day in bodies of so many.
SCHOOLS_A_BODY = 8
# The naive way takes a hundred times as long: it gets a part of the district, by the same rate.
NAIVE_SCHOOLS = 8
# Some single marks a round; a fsync varies from one to the next.
SINGLE_MARKS = 40
PROFILED_SCHOOLS = 40
# What a client sends of a school-day.
SESSIONS, SHEETS, FLAT = attrgetter("sessions"), attrgetter("sheets"), attrgetter("flat")


@dataclass(frozen=True)
class Bench:
    """The running API and its stores, with the district's registers in them."""

    stores: Stores
    clients: Clients
    signing_key: str
    naive_url: str
    schools: int


def bench_ingest(*, schools: int, days_loaded: int, rounds: int) -> Iterator[Line]:
    """The first five bars of ARCHITECTURE §6, and where the time of a sheet goes."""
    days = service_days(*TERM)
    if days_loaded + 4 * rounds > len(days):
        raise ValueError(f"{len(days)} days are too few for {days_loaded} loaded and {rounds} rounds of four")
    with _bench(schools) as bench:
        with progress_bar(f"loading {days_loaded} days", days_loaded) as advance:
            for day in days[:days_loaded]:
                _load(bench, district_day(schools, day))
                advance(1)
        rates, singles, parts = Rates(), Rates(), defaultdict(list)
        with progress_bar("measuring", rounds) as advance:
            for number in range(rounds):
                by_sheets, by_school, by_marks, alone = days[days_loaded + 4 * number :][:4]
                _round(bench, by_sheets, by_school, by_marks, rates)
                _store_times(bench, by_marks, singles)
                for part, seconds in _parts(bench, alone).items():
                    parts[part].append(seconds)
                advance(1)
    unit = "marks/s"
    yield rates.line("district_day_sheets", "sheets", "limit", bar=1.2, unit=unit)
    yield rates.line("district_day_sheets_a_school_a_body", "apart", "limit", bar=1.2, unit=unit)
    yield rates.line("district_day_flat", "flat", "limit", bar=0.85, unit=unit)
    yield rates.line("district_day_vs_naive", "sheets", "naive", bar=60, unit=unit)
    yield rates.line("replay", "replay", "sheets", bar=3, unit=unit)
    yield singles.line("one_mark_db", "one mark", "bare commit", bar=2.2, unit="ms", more_is_better=False)
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
            naive_service(stores.database_url, free_port_or("127.0.0.1", 0)) as naive_url,
        ):
            _register(running.ledger_url, stores.database_url, schools)
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
            yield Bench(stores, clients, key, naive_url, schools)
    rmtree(data_dir)


def _register(ledger_url: str, database_url: str, schools: int) -> None:
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
    naive = [msgspec.Raw(b"[" + day.flat.strip().replace(b"\n", b",") + b"]") for day in days[:NAIVE_SCHOOLS]]
    rates.add("naive", sum(day.marks for day in days[:NAIVE_SCHOOLS]), timed(lambda: _post_naively(bench, naive)))
    flat = district_day(bench.schools, by_marks)
    rates.add("flat", marks, _timed_post(bench, flat, FLAT, schools_a_body=SCHOOLS_A_BODY))


def _timed_post(
    bench: Bench, days: Sequence[SchoolDay], rolls: Callable[[SchoolDay], bytes], *, schools_a_body: int
) -> float:
    """Seconds to post a day's sessions and rolls."""
    return timed(
        lambda: bench.clients.post(days, ("sessions", SESSIONS), ("attendance", rolls), schools_a_body=schools_a_body)
    )


def _post_naively(bench: Bench, bodies: Sequence[msgspec.Raw]) -> None:
    with httpx.Client(base_url=bench.naive_url, timeout=600, trust_env=False) as client:
        for body in bodies:
            client.post(
                "/attendance", content=bytes(body), headers={"Content-Type": "application/json"}
            ).raise_for_status()


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
