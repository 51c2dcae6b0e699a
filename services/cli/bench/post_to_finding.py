"""From a POST to the finding that it makes: the API, arq and the worker as processes, as shipped."""

from collections.abc import Iterator, Sequence
from datetime import date
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psycopg

from services.audit_worker.engine import CHANNEL
from services.cli.bench.clients import RequestRefused
from services.cli.bench.measure import Rates
from services.cli.clients import create_client
from services.cli.simulator.senders import read_lines, school_ids_in
from taizhang.client import SignedIn

PATIENCE_SECONDS = 60.0


class FindingMissing(Exception):
    """A POST that makes a finding was acknowledged, and the finding did not come."""


def post_to_finding(ledger_url: str, database_url: str, folder: Path, rounds: int, posts: int, rates: Rates) -> None:
    """Into `rates` a round's p50, in milliseconds, of `acknowledged` and `visible`.

    A school sends its day again with one headcount more than the roll has: rule A09. Visible: committed, and the feeds'
    wakening heard. The first post of all finds the services cold and is left out.
    """
    vendor = create_client(database_url, kind="school", schools=school_ids_in(folder))
    token = SignedIn(ledger_url, vendor.client_id, vendor.client_secret).token()
    address = urlsplit(ledger_url)
    door = HTTPConnection(str(address.hostname), address.port or 80)
    days = school_days(folder)
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute(f"listen {CHANNEL}".encode())
        _post(door, token, listener, next(days))
        for _round in range(rounds):
            taken = [_post(door, token, listener, next(days)) for _post_number in range(posts)]
            rates.add("acknowledged", median(acknowledged for acknowledged, _visible in taken), 1)
            rates.add("visible", median(visible for _acknowledged, visible in taken), 1)
    door.close()


def school_days(folder: Path) -> Iterator[list[dict[str, Any]]]:
    """The sessions of one school and day after another, of the fullest month, and again from the first.

    Days without a roll to be wrong about, and those that a correction is waiting for, are passed over.
    """
    corrected = {
        session["session_id"] for path in folder.glob("*-sessions-corrections.ndjson") for session in read_lines(path)
    }
    by_day: dict[tuple[str, date], list[dict[str, Any]]] = {}
    fullest_month = max(folder.glob("*-sessions-20*.ndjson"), key=lambda path: path.stat().st_size)
    for session in read_lines(fullest_month):
        by_day.setdefault((session["school_id"], session["service_date"]), []).append(session)
    return cycle(
        sessions
        for sessions in by_day.values()
        if any(map(_is_counted, sessions)) and not corrected & {session["session_id"] for session in sessions}
    )


def _is_counted(session: dict[str, Any]) -> bool:
    """Whether it was held and somebody came."""
    return bool(session.get("state", "held") == "held" and session["headcount"])


def _post(
    door: HTTPConnection, token: str, listener: "psycopg.Connection[Any]", sessions: Sequence[dict[str, Any]]
) -> tuple[float, float]:
    """Milliseconds until the day is acknowledged, and until the finding is visible. Raises RequestRefused, FindingMissing."""
    wrong = next(filter(_is_counted, sessions))
    wrong["headcount"] += 1
    wrong["reason"] = "counted again"
    body = b"".join(msgspec.json.encode(each) + b"\n" for each in sessions)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    started = perf_counter()
    door.request("POST", "/v1/sessions", body, headers)
    answer = door.getresponse()
    said = answer.read()
    acknowledged = perf_counter() - started
    if answer.status != 200:
        raise RequestRefused(f"sessions: {answer.status} {said[:500].decode(errors='replace')}")
    while not _is_there(listener, wrong):
        if not list(listener.notifies(timeout=PATIENCE_SECONDS, stop_after=1)):
            raise FindingMissing(f"{wrong['school_id']} {wrong['session_id']}: no A09 after {PATIENCE_SECONDS:.0f} s")
    return acknowledged * 1000, (perf_counter() - started) * 1000


def _is_there(listener: "psycopg.Connection[Any]", session: dict[str, Any]) -> bool:
    row = listener.execute(
        "select from audit.finding where rule = 'A09' and school_id = %s and subject = %s and state <> 'cleared' and found = %s",
        [session["school_id"], session["session_id"], str(session["headcount"])],
    ).fetchone()
    return row is not None
