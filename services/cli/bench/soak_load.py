"""Who is at work in a soak: schools that post and correct, people who read, programs that follow the feed; each for ever trying again."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

import httpx
import msgspec
from httpx_sse import connect_sse

from services.cli.bench.district_day import TERM_ID, SchoolDay
from taizhang.client import SignedIn, TaizhangError

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.25
# Said while something is being started again; anything else is a failure.
COME_BACK_LATER = frozenset({429, 502, 503, 504})
# One school in so many corrects what it sent.
CORRECTS = 5

Post = tuple[str, bytes]


class SoakFailed(Exception):
    """A service answered what it never may, whatever was killed; carries its answer."""


@dataclass
class Seen:
    """What happened since the last look, and all receipts; written by many threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    taken_ms: list[float] = field(default_factory=list)
    reads: int = 0
    repeated: int = 0
    marks: int = 0
    failures: list[str] = field(default_factory=list)

    def answered(self, receipt: dict[str, Any], ms: float) -> None:
        """A request was acknowledged, so long after it was first sent."""
        with self.lock:
            self.receipts.append(receipt)
            self.taken_ms.append(ms)
            self.marks += receipt["received"] if receipt["resource"] == "attendance" else 0


def posts_of(day: SchoolDay, on: date) -> list[Post]:
    """What a school sends of a day: sessions, rolls; from some, a corrected mark and a corrected session a little later."""
    rng = Random(f"{day.school_id}/{on}/corrections")
    posts = [("sessions", day.sessions), ("attendance", day.sheets)]
    if rng.randrange(CORRECTS) == 0:
        roll = msgspec.json.decode(rng.choice(day.sheets.splitlines()))
        pupil = roll["present"][0]
        mark = {name: roll[name] for name in ("school_id", "session_id", "service_date")}
        posts.append(("attendance", _line({**mark, "student_id": pupil, "status": "excused", "reason": "家长来电"})))
        session = msgspec.json.decode(rng.choice(day.sessions.splitlines()))
        posts.append(("sessions", _line({**session, "headcount": session["headcount"] - 1, "reason": "点错一人"})))
    return posts


def _line(record: dict[str, Any]) -> bytes:
    return msgspec.json.encode(record) + b"\n"


def post_all(url: str, auth: SignedIn, due: Iterator[Sequence[Post]], seen: Seen) -> None:
    """Send each school's posts in order, each until it is acknowledged."""
    with httpx.Client(base_url=url, auth=auth, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        for posts in due:
            for resource, body in posts:
                _post(client, resource, body, seen)


def _post(client: httpx.Client, resource: str, body: bytes, seen: Seen) -> None:
    started = time.perf_counter()
    headers = {"Content-Type": "application/x-ndjson"}
    while True:
        answer = _tried(
            lambda: client.post(f"/v1/{resource}", params={"mode": "atomic"}, content=body, headers=headers)
        )
        if answer is not None and answer.is_success:
            break
        if answer is not None and answer.status_code not in COME_BACK_LATER:
            raise SoakFailed(f"POST /v1/{resource}: {answer.status_code} {answer.text[:500]}")
        with seen.lock:
            seen.repeated += 1
        time.sleep(PAUSE_SECONDS)
    seen.answered({**answer.json(), "resource": resource}, (time.perf_counter() - started) * 1000)


def read_around(url: str, auth: SignedIn, schools: Sequence[str], seen: Seen, over: threading.Event, seed: int) -> None:
    """Read reports and findings, now of this school, now of that."""
    rng = Random(seed)
    with httpx.Client(base_url=url, auth=auth, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        while not over.wait(PAUSE_SECONDS):
            school = {"school_id": rng.choice(schools)}
            path, asked = rng.choice(
                (
                    ("/v1/reports/workload", {**school, "term_id": TERM_ID}),
                    ("/v1/findings", {**school, "state": "open"}),
                    (f"/v1/reports/schools/{school['school_id']}", {"month": "2025-09"}),
                    ("/v1/ledger/sessions", {**school, "limit": "50"}),
                )
            )
            answer = _tried(lambda path=path, asked=asked: client.get(path, params=asked))  # type: ignore[misc]
            if answer is not None and not answer.is_success and answer.status_code not in COME_BACK_LATER:
                raise SoakFailed(f"GET {path}: {answer.status_code} {answer.text[:500]}")
            with seen.lock:
                seen.reads += answer is not None and answer.is_success


def follow_stream(url: str, auth: SignedIn, heard: list[int], over: threading.Event) -> None:
    """Listen to every change, from the first; after a break go on behind the last one heard."""
    while not over.is_set():
        try:
            with (
                httpx.Client(base_url=url, auth=auth, timeout=PATIENCE_SECONDS, trust_env=False) as client,
                connect_sse(
                    client, "GET", "/v1/findings/stream", headers={"Last-Event-ID": str(heard[-1] if heard else 0)}
                ) as stream,
            ):
                for event in stream.iter_sse():
                    if event.data:
                        heard.append(int(event.id))
                    if over.is_set():
                        return
        except (httpx.HTTPError, TaizhangError):
            time.sleep(PAUSE_SECONDS)


def follow_pages(url: str, auth: SignedIn, heard: list[int], over: threading.Event) -> None:
    """Read every change, page by page, by the cursor."""
    cursor = None
    with httpx.Client(base_url=url, auth=auth, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        while not over.is_set():
            asked = {"limit": "1000", "wait": "5", **({} if cursor is None else {"after": cursor})}
            answer = _tried(lambda asked=asked: client.get("/v1/findings/events", params=asked))  # type: ignore[misc]
            if answer is None or answer.status_code in COME_BACK_LATER:
                time.sleep(PAUSE_SECONDS)
                continue
            if not answer.is_success:
                raise SoakFailed(f"GET /v1/findings/events: {answer.status_code} {answer.text[:500]}")
            page = answer.json()
            heard += [int(event["cursor"]) for event in page["items"]]
            cursor = page["next_cursor"] or cursor


def _tried(ask: Callable[[], httpx.Response]) -> httpx.Response | None:
    """The answer; None when nobody is there, or was killed in the middle of it."""
    try:
        return ask()
    except (httpx.TransportError, TaizhangError):
        return None
