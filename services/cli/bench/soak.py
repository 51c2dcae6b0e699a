"""A soak: a district's afternoons fifty times as fast, with corrections, readers and subscribers, and something killed at random.

An afternoon's records come in over 2 h 24 min of a day; here over 173 s, one day after the other. Every so often a line says
how it goes; the last one whether all that was acknowledged is there, whether everybody heard every change once, how memory grew.
"""

import asyncio
import json
import os
import queue
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import mkdtemp

import psycopg
import redis

from services.cli.bench.district_day import district_day, registers, school_ids
from services.cli.bench.ingest import TERM, register_district
from services.cli.bench.measure import Line
from services.cli.bench.soak_load import Post, Seen, follow_pages, follow_stream, post_all, posts_of, read_around
from services.cli.clients import create_client
from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import Running, running_services, start_service
from services.cli.receipts import not_held
from services.cli.up import signing_key_of
from services.cli.verify import verify_ledger
from shared.migrations import migrate
from shared.service_calendar import service_days
from shared.settings import read_settings
from taizhang.client import SignedIn

SPEED = 50
AFTERNOON_SECONDS = 8640
SENDERS, READERS = 8, 2
LOOK_SECONDS = 15.0
# Something is killed once in this time, at a random moment of it.
KILL_SECONDS = 40.0
KILLED = ("api", "worker", "reporting", "postgres", "redis")
# How long after the last post the audit may take to come to its end, and the subscribers to hear of it.
DRAIN_SECONDS = 900.0
SEED = 50


@dataclass
class _Soak:
    """What runs, and what was seen of it."""

    data_dir: Path
    stores: Stores
    running: Running
    auth: Callable[[], SignedIn]
    schools: list[str]
    seen: Seen = field(default_factory=Seen)
    killed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KILLED, 0))
    stream: list[int] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    resident: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in KILLED[:3]})
    lags: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def bench_soak(*, minutes: float, schools: int) -> Iterator[Line]:
    """A line every fifteen seconds for so many minutes, and a last one. Raises SoakFailed at an answer that must not be."""
    data_dir = Path(mkdtemp(prefix="taizhang-soak-"))
    data_dir.chmod(0o755)
    settings = read_settings(data_dir=data_dir, ledger_port=0, reporting_port=0)
    with embedded_stores(data_dir) as stores:
        migrate(stores.database_url)
        with running_services(
            settings, stores, signing_key_of(settings), lines_to=data_dir / "services.log"
        ) as running:
            bureau = create_client(stores.database_url, kind="bureau")
            vendor = create_client(stores.database_url, kind="school", schools=school_ids(schools))
            register_district(running.ledger_url, stores.database_url, schools)

            def auth() -> SignedIn:
                return SignedIn(running.ledger_url, bureau.client_id, bureau.client_secret)

            def vendor_auth() -> SignedIn:
                return SignedIn(running.ledger_url, vendor.client_id, vendor.client_secret)

            soak = _Soak(data_dir, stores, running, auth, school_ids(schools))
            for school_id in soak.schools:
                post_all(running.ledger_url, vendor_auth(), iter([list(registers(school_id).items())]), soak.seen)
            yield from _work(soak, vendor_auth, minutes * 60)
            yield _verdict(soak)
    shutil.rmtree(data_dir)


def _work(soak: _Soak, vendor_auth: Callable[[], SignedIn], seconds: float) -> Iterator[Line]:
    """Everybody at work for so long, and then until the audit and the subscribers have come to the end."""
    due: queue.Queue[Sequence[Post] | None] = queue.Queue()
    posting_over = threading.Event()
    ledger, reporting = soak.running.ledger_url, soak.running.reporting_url
    with ThreadPoolExecutor(SENDERS + READERS + 4) as threads:
        senders = [threads.submit(post_all, ledger, vendor_auth(), _taken(due), soak.seen) for _ in range(SENDERS)]
        others: list[Future[None]] = [
            threads.submit(read_around, reporting, soak.auth(), soak.schools, soak.seen, soak.over, seed)
            for seed in range(READERS)
        ]
        others.append(threads.submit(follow_stream, reporting, soak.auth(), soak.stream, soak.over))
        others.append(threads.submit(follow_pages, reporting, soak.auth(), soak.pages, soak.over))
        others.append(threads.submit(_kill_now_and_then, soak, posting_over, min(KILL_SECONDS, seconds / 4)))
        pacer = threads.submit(_pace, due, len(soak.schools), seconds)
        try:
            started, drained_from = time.monotonic(), None
            while True:
                time.sleep(min(LOOK_SECONDS, seconds / 4))
                line = _look(soak, time.monotonic() - started, waiting=due.qsize())
                yield line
                for each in (pacer, *senders, *others):
                    if each.done():
                        each.result()
                if drained_from is None and pacer.done() and all(each.done() for each in senders):
                    posting_over.set()
                    drained_from = time.monotonic()
                if drained_from is not None:
                    told = len(soak.stream) == len(soak.pages) == line["changes"]
                    if (line["outbox"] == 0 and told) or time.monotonic() - drained_from > DRAIN_SECONDS:
                        break
        finally:
            soak.over.set()
            posting_over.set()
            for _ in senders:
                due.put(None)


def _taken(due: "queue.Queue[Sequence[Post] | None]") -> Iterator[Sequence[Post]]:
    while (posts := due.get()) is not None:
        yield posts


def _pace(due: "queue.Queue[Sequence[Post] | None]", schools: int, seconds: float) -> None:
    """One school after the other has its day ready, evenly over the afternoon; then comes the next day."""
    began = time.monotonic()
    # In a short soak the days are shorter still: two of them, so that there is something to correct and to compare.
    turn = min(AFTERNOON_SECONDS / SPEED, seconds / 2) / schools
    for number, posts in enumerate(_school_days(schools)):
        at = number * turn
        if at > seconds:
            break
        time.sleep(max(0.0, began + at - time.monotonic()))
        due.put(posts)
    for _ in range(SENDERS):
        due.put(None)


def _school_days(schools: int) -> Iterator[list[Post]]:
    for day in service_days(*TERM):
        for school_day in district_day(schools, day):
            yield posts_of(school_day, day)


def _kill_now_and_then(soak: _Soak, posting_over: threading.Event, every_seconds: float) -> None:
    rng = Random(SEED)
    while True:
        moment = rng.uniform(0, every_seconds)
        if posting_over.wait(moment):
            return
        victim = rng.choice(KILLED)
        soak.killed[victim] += 1
        if victim == "redis":
            redis.Redis.from_url(soak.stores.redis_url).flushall()
        elif victim == "postgres":
            cluster = (soak.data_dir / "stores").resolve() / "postgres"
            # The first of them; its guard starts it again.
            with suppress(ProcessLookupError):
                os.kill(int((cluster / "postmaster.pid").read_text("ascii").split()[0]), signal.SIGKILL)
        else:
            process = soak.running.processes[victim]
            process.kill()
            process.wait()
            with (soak.data_dir / "services.log").open("ab") as lines:
                soak.running.processes[victim] = start_service(victim, soak.running.environment, lines)
        if posting_over.wait(every_seconds - moment):
            return


def _look(soak: _Soak, seconds: float, *, waiting: int) -> Line:
    """How it goes; what is asked of a database that is just being started is null."""
    with soak.seen.lock:
        taken, soak.seen.taken_ms = soak.seen.taken_ms, []
        receipts, marks, reads, repeated = (
            len(soak.seen.receipts),
            soak.seen.marks,
            soak.seen.reads,
            soak.seen.repeated,
        )
    outbox = lag = changes = None
    with suppress(psycopg.OperationalError), psycopg.connect(soak.stores.database_url) as connection:
        outbox, lag, changes = connection.execute(
            "select count(*), coalesce(extract(epoch from now() - min(recorded_at)), 0)::float8, "
            "(select coalesce(max(position), 0) from audit.finding_event) from ledger.outbox"
        ).fetchone() or (None, None, None)
    if lag is not None:
        soak.lags.append(lag)
    for name, mib in soak.resident.items():
        mib.append(_resident_mib(soak.running.processes[name].pid))
    cuts = quantiles(taken, n=100) if len(taken) > 1 else [0.0] * 99
    return {
        "name": "soak",
        "seconds": round(seconds),
        "acknowledged": receipts,
        "marks": marks,
        "posts_waiting": waiting,
        "post_p50_ms": round(cuts[49], 1),
        "post_p99_ms": round(cuts[98], 1),
        "repeated": repeated,
        "reads": reads,
        "outbox": outbox,
        "audit_lag_s": None if lag is None else round(lag, 1),
        "changes": changes,
        "heard_stream": len(soak.stream),
        "heard_pages": len(soak.pages),
        "resident_mib": {name: round(mib[-1]) for name, mib in soak.resident.items()},
        "killed": dict(soak.killed),
    }


def _resident_mib(process_id: int) -> float:
    """What a process has resident now (Linux); 0 when it has just gone."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(status.split("VmRSS:")[1].split()[0]) / 1024 if "VmRSS:" in status else 0.0


def _verdict(soak: _Soak) -> Line:
    """Whether anything was lost, doubled or told twice."""
    receipts = soak.data_dir / "receipts.ndjson"
    receipts.write_text("".join(json.dumps(each) + "\n" for each in soak.seen.receipts), "utf-8")
    lost = not_held(soak.stores.database_url, receipts)
    verified = asyncio.run(verify_ledger(soak.stores.database_url, None, lambda *_: nullcontext(lambda _: None)))
    with psycopg.connect(soak.stores.database_url) as connection:
        events, last, outbox = connection.execute(
            "select count(*), coalesce(max(position), 0), (select count(*) from ledger.outbox) from audit.finding_event"
        ).fetchone() or (0, 0, 0)
    whole = list(range(1, last + 1))
    lags = sorted(soak.lags)
    return {
        "name": "soak_verdict",
        "acknowledged": len(soak.seen.receipts),
        "marks": soak.seen.marks,
        "receipts_not_held": len(lost),
        "schools_verified": len(verified),
        "schools_broken": sum(each.broken is not None for each in verified),
        "records_verified": sum(each.records for each in verified),
        "outbox_left": outbox,
        "changes": events,
        "positions_without_gap": events == last,
        "stream_heard_each_once": soak.stream == whole,
        "pages_heard_each_once": soak.pages == whole,
        "audit_lag_s_median": round(median(lags), 1),
        "audit_lag_s_max": round(lags[-1], 1),
        "resident_mib": {name: _growth(mib) for name, mib in soak.resident.items()},
        "killed": dict(soak.killed),
    }


def _growth(mib: Sequence[float]) -> Line:
    """The median over the second quarter of the time and over the last; and the most."""
    quarter = max(1, len(mib) // 4)
    return {
        "second_quarter": round(median(mib[quarter : 2 * quarter] or mib)),
        "last_quarter": round(median(mib[-quarter:])),
        "most": round(max(mib)),
    }
