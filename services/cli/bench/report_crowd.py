"""What a reader waits: for the district's overview, for a school's dossier, and among thirty-two while schools send their days again."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from threading import Event
from time import perf_counter
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from services.cli.bench.clients import RequestRefused
from services.cli.bench.measure import Line
from services.cli.bench.post_to_finding import school_days

READERS, READS, ALONE = 32, 20, 30
# Between two school-days that come in: 350 schools send theirs within three minutes.
PAUSE_SECONDS = 0.5
# What they read: of the district once, of a school whatever an office or an inspector asks.
MIXED = ("district", "inspection", "workload", "compensation")


class AsksReports(Protocol):
    """Somebody signed in who reads."""

    def connect(self, at: int = 0) -> HTTPConnection:
        """To one of the services."""

    def ask(self, connection: HTTPConnection, report: str, school_id: str) -> bytes:
        """A report of the term; of the district the school is not asked for."""


def alone_lines(reader: AsksReports, school_ids: Sequence[str]) -> Iterator[Line]:
    """The overview and the dossier with nobody else about."""
    connection, schools = reader.connect(), cycle(school_ids)
    for name, report in (("district_overview", "district"), ("school_dossier", "inspection")):
        taken = [_milliseconds(reader, connection, report, next(schools)) for _ in range(ALONE)]
        yield _line(name, taken, unit="ms")
    connection.close()


def crowd_line(reader: AsksReports, school_ids: Sequence[str], ledger_url: str, token: str, folder: Path) -> Line:
    """All of them at once, each the next as soon as one is there; meanwhile the day of a school after another is corrected."""

    def run(number: int) -> list[float]:
        order = random.Random(number)
        connection = reader.connect(number)
        taken = [
            _milliseconds(reader, connection, MIXED[(number + read) % len(MIXED)], order.choice(school_ids))
            for read in range(READS)
        ]
        connection.close()
        return taken

    with _ingesting(ledger_url, token, folder) as posted, ThreadPoolExecutor(READERS) as threads:
        taken = [ms for each in threads.map(run, range(READERS)) for ms in each]
    unit = "ms a report: overview, dossier, workload, pay"
    return {**_line(f"readers_{READERS}", taken, unit=unit), "readers": READERS, "days_posted": len(posted)}


def _milliseconds(reader: AsksReports, connection: HTTPConnection, report: str, school_id: str) -> float:
    started = perf_counter()
    reader.ask(connection, report, school_id)
    return (perf_counter() - started) * 1000


def _line(name: str, taken: Sequence[float], *, unit: str) -> Line:
    cuts = quantiles(taken, n=100)
    return {"name": name, "unit": unit, "reads": len(taken), "p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1)}


@contextmanager
def _ingesting(ledger_url: str, token: str, folder: Path) -> Iterator[list[int]]:
    """Post until the block ends, the first day before it begins; how many sessions each post had."""
    over, begun, posted = Event(), Event(), []

    def post() -> None:
        address = urlsplit(ledger_url)
        door = HTTPConnection(str(address.hostname), address.port or 80)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        for number, sessions in enumerate(school_days(folder)):
            if over.wait(PAUSE_SECONDS if begun.is_set() else 0):
                break
            corrected = [{**each, "headcount": number % 7 + 20, "reason": "counted again"} for each in sessions]
            body = b"".join(msgspec.json.encode(each) + b"\n" for each in corrected)
            door.request("POST", "/v1/sessions", body, headers)
            answer = door.getresponse()
            said = answer.read()
            begun.set()
            if answer.status != 200:
                raise RequestRefused(f"sessions: {answer.status} {said[:500].decode(errors='replace')}")
            posted.append(len(corrected))
        door.close()

    with ThreadPoolExecutor(1) as thread:
        posting = thread.submit(post)
        begun.wait(60)
        try:
            yield posted
        finally:
            over.set()
        posting.result()
