"""The real processes over real, durable stores of the test's own, and what is sent to them.

`stack`: all of it, and a simulated district to push. `site`: the ledger API alone, over the standard schools.
"""

import asyncio
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from joserfc.jwk import ECKey

from services.cli.clients import create_client
from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import Running, running_services, start_service
from services.cli.push import push_sources
from services.cli.simulator import simulate
from services.cli.simulator.senders import read_lines, sender_of, sign_in
from services.cli.sources import sources_of
from services.cli.up import signing_key_of
from services.cli.verify import verify_ledger
from services.ledger_api.app import read_signing_key
from shared.migrations import migrate
from shared.settings import Settings
from shared.tokens import issue
from taizhang.client import SignedIn
from tests.world.district import Json, open_district
from tests.world.lines import assert_lines_name_nobody
from tests.world.standard import S1, S2, duty, open_standard_school, session, sheet

PATIENCE_SECONDS = 120
RETRY_SECONDS = 0.05
Identity = tuple[str, str, str, str]
Batch = tuple[str, list[Json]]


@dataclass
class Stack:
    """The running stack, a folder of records to push, and what a full audit of it has to find."""

    stores: Stores
    running: Running
    data_dir: Path
    folder: Path
    truth: set[Identity]

    def push(self, between: Callable[[int], None] = lambda _sent: None) -> None:
        """Send everything; `between` hears of each file that has landed."""
        url, database_url = self.running.ledger_url, self.stores.database_url
        signed_in = sign_in(url, database_url, self.folder, create_client(database_url, kind="bureau"))
        for sent, source in enumerate(sources_of([self.folder])):
            push_sources(url, sender_of(source.resource, signed_in), [source])
            between(sent)

    def await_audit(self) -> None:
        """Wait until the outbox is empty."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.query("select count(*) from ledger.outbox") != [(0,)]:
            assert time.monotonic() < deadline, "the audit does not come to an end"
            time.sleep(0.1)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the database as its owner."""
        with psycopg.connect(self.stores.database_url) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]

    def findings(self) -> set[Identity]:
        """What is open."""
        rows = self.query(
            "select rule, school_id, subject, coalesce(service_date::text, period) from audit.finding where state = 'open'"
        )
        return {(rule, school_id, subject, when) for rule, school_id, subject, when in rows}

    def assert_nothing_lost_nothing_doubled(self) -> None:
        """The findings are the planted ones; each change was told once, at gap-free positions."""
        assert self.findings() == self.truth
        positions = [row[0] for row in self.query("select position from audit.finding_event order by position")]
        assert positions == list(range(1, len(positions) + 1))
        twice = self.query(
            """
            select finding_id, change, before from (
                select finding_id, change, lag(change) over (partition by finding_id order by position) as before
                from audit.finding_event
            ) as told
            where change in ('opened', 'reopened') and before in ('opened', 'updated', 'reopened')
            """
        )
        assert twice == []


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """The stack under a data directory of its own, with a district of four schools and eight days to push."""
    folder = tmp_path / "district"
    simulate(schools=4, days=8, seed=5, out=folder, pupils=(60, 90))
    truth = {
        (label["rule"], label["school_id"], label["subject"], label.get("service_date") or label["period"])
        for label in read_lines(folder / "labels.ndjson")
        if label["label"] == "fraud"
    }
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-faults-"))
    data_dir.chmod(0o755)
    settings = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
    with embedded_stores(data_dir) as stores:
        migrate(stores.database_url)
        lines = data_dir / "log"
        with running_services(settings, stores, signing_key_of(settings), lines_to=lines) as running:
            yield Stack(stores, running, data_dir, folder, truth)
        # Shown where a test has failed.
        sys.stdout.write(lines.read_text("utf-8"))
        assert_lines_name_nobody(lines, stores.database_url)
    shutil.rmtree(data_dir)


@pytest.fixture
def reporting(stack: Stack) -> Iterator[httpx.Client]:
    """The bureau's view of reporting."""
    client = create_client(stack.stores.database_url, kind="bureau")
    auth = SignedIn(stack.running.ledger_url, client.client_id, client.client_secret)
    with httpx.Client(base_url=stack.running.reporting_url, auth=auth, trust_env=False, timeout=60) as reader:
        yield reader


@dataclass
class Site:
    """The ledger API as a process over durable stores of its own, where the bureau and both standard schools write."""

    data_dir: Path
    stores: Stores
    running: Running
    key: ECKey
    # What a caller sends along.
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    receipts: list[Json] = field(default_factory=list)
    acknowledged: threading.Condition = field(default_factory=threading.Condition)

    def let_in(self, kind: str, schools: Iterable[str] = ()) -> None:
        """From now on a client of this kind speaks for these schools."""
        token = issue(self.key, client_id=kind, kind=kind, schools=schools, stage=None)
        self.headers[kind] = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    def send(self, method: str, path: str, *, url: str = "", by: str = "school", **options: Any) -> httpx.Response:
        """One request on a connection of its own, to the API or to whatever stands before it at `url`."""
        with httpx.Client(base_url=url or self.running.ledger_url, trust_env=False, timeout=PATIENCE_SECONDS) as client:
            return client.request(method, path, headers=self.headers[by], **options)

    def post(self, resource: str, records: list[Json], *, url: str = "", by: str = "school") -> httpx.Response:
        """Send records once."""
        return self.send("POST", f"/v1/{resource}", url=url, by=by, json=records)

    def post_until_acknowledged(self, resource: str, records: list[Json], *, by: str = "school") -> Json:
        """Send records until there is a receipt; nothing else may be said meanwhile but to come back later."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            assert time.monotonic() < deadline, "the ledger API does not take the records"
            try:
                answer = self.post(resource, records, by=by)
            except httpx.TransportError:
                # Nobody there, or gone in the middle: what any client does is try again.
                time.sleep(RETRY_SECONDS)
                continue
            if answer.status_code == httpx.codes.OK:
                receipt: Json = answer.json()
                with self.acknowledged:
                    self.receipts.append(receipt)
                    self.acknowledged.notify_all()
                return receipt
            assert_come_back_later(answer)
            time.sleep(RETRY_SECONDS)

    @contextmanager
    def posting(self, clients: Iterable[Collection[Batch]]) -> Iterator[None]:
        """While the block runs, each client sends its batches one after the other; at its end all are acknowledged."""
        clients = list(clients)
        with ThreadPoolExecutor(len(clients)) as pool:
            sent = [
                pool.submit(lambda batches: [self.post_until_acknowledged(*each) for each in batches], batches)
                for batches in clients
            ]
            yield
            for each in sent:
                each.result()

    def await_receipts(self, number: int) -> None:
        """Wait until so many batches have been acknowledged."""
        with self.acknowledged:
            assert self.acknowledged.wait_for(lambda: len(self.receipts) >= number, PATIENCE_SECONDS)

    def kill_api(self) -> None:
        """End it with kill -9."""
        api = self.running.processes["api"]
        api.kill()
        api.wait()

    def start_api(self) -> None:
        """Start the ledger API again, on the port it had."""
        self.running.processes["api"] = start_service("api", self.running.environment)

    def await_api(self) -> None:
        """Wait until it takes requests."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            assert time.monotonic() < deadline, "the ledger API does not come back"
            try:
                if httpx.get(f"{self.running.ledger_url}/readyz", trust_env=False).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(RETRY_SECONDS)

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return cluster_in(self.data_dir)

    def reconnect(self) -> None:
        """Let the API open its connections anew."""
        self.query(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = 'taizhang_ledger'"
        )

    def deadlocks(self) -> int:
        """How many PostgreSQL has seen, by its log."""
        return (self.cluster.parent / "postgres.log").read_text("utf-8").count("deadlock detected")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the database as its owner."""
        with psycopg.connect(self.stores.database_url) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]

    @contextmanager
    def chain_head_locked(self, school_id: str) -> Iterator[None]:
        """While the block runs, whoever writes for the school waits."""
        with psycopg.connect(self.stores.database_url) as connection:
            connection.execute("select from ledger.chain_head where school_id = %s for update", (school_id,))
            yield

    def await_writers(self, number: int) -> None:
        """Wait until so many of the API's statements wait for a lock."""
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = current_user"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.query(waiting) != [(number,)]:
            assert time.monotonic() < deadline, f"{number} statements do not come to wait"
            time.sleep(RETRY_SECONDS)

    def assert_verified(self) -> None:
        """Every digest and every chain is what the stored rows say, and every batch is whole."""
        verified = asyncio.run(verify_ledger(self.stores.database_url, None, lambda *_: nullcontext(lambda _: None)))
        assert [each.broken for each in verified if each.broken] == []
        assert self.query(_HALF_APPLIED) == []

    def assert_acknowledged_is_stored(self, batches: Iterable[Batch]) -> None:
        """All that was sent is in the ledger once, every receipt is kept as it was given, nothing is half-applied."""
        self.assert_verified()
        sent = Counter((resource, key_of(record)) for resource, records in batches for record in records)
        stored = [tuple(row) for row in self.query(_STORED)]
        assert stored == sorted((resource, key, 1) for resource, key in sent)
        kept = {str(batch_id): counts for batch_id, *counts in self.query(_KEPT)}
        for receipt in self.receipts:
            assert receipt["received"] == receipt["created"] + receipt["unchanged"]
            if receipt["created"]:
                assert kept[receipt["batch_id"]] == [receipt["created"], receipt["revised"], receipt["unchanged"]]


_STORED = """
    select 'attendance' as resource, session_id as key, revision from ledger.attendance_revision
    union all
    select 'duties', key, revision from ledger.entry where resource = 'duties'
    union all
    select 'sessions', session_id, revision from ledger.session_revision
    order by 1, 2, 3
"""
_KEPT = "select batch_id, created, revised, unchanged from ledger.batch"
# A batch that does not hold as many records as it says; of marks, a roll holds many.
_HALF_APPLIED = """
    select batch_id, created + revised, count(row.batch_id)
    from ledger.batch
    left join (
        select batch_id from ledger.attendance_revision
        union all
        select batch_id from ledger.entry
        union all
        select batch_id from ledger.session_revision where state <> 'moved'
    ) as row using (batch_id)
    group by batch_id
    having count(row.batch_id) = 0 or (resource <> 'attendance' and created + revised <> count(row.batch_id))
"""


def cluster_in(data_dir: Path) -> Path:
    """PostgreSQL's own directory under the data directory."""
    return (data_dir / "stores").resolve() / "postgres"


def processes_of_postgresql(data_dir: Path, stores: Stores) -> list[int]:
    """All of them, the first one first."""
    first = (cluster_in(data_dir) / "postmaster.pid").read_text("ascii").split()[0]
    with psycopg.connect(stores.database_url) as connection:
        others = connection.execute("select pid from pg_stat_activity where pid <> pg_backend_pid()").fetchall()
    return [int(first), *(row[0] for row in others)]


def batches_of(client: int, *, rounds: int, records: int) -> list[Batch]:
    """What one client sends: sessions, their rolls and duties, of the first school or, the odd ones, of the second."""
    batches: list[Batch] = []
    school = {"school_id": S2, "staff": {"U1": 1}} if client % 2 else {}
    roll = {"school_id": S2, "present": ["Q1", "Q2", "Q3"]} if client % 2 else {}
    for each in range(rounds):
        ids = [f"c{client}-{each}-{n}" for n in range(records)]
        batches.append(("sessions", [session(key, **school) for key in ids]))
        batches.append(("attendance", [sheet(key, **roll) for key in ids]))
        batches.append(("duties", [duty(key) for key in ids]))
    return batches


def key_of(record: Json) -> str:
    """A session's or its roll's key, or a duty's."""
    key: str = record.get("session_id") or record["duty_id"]
    return key


def assert_come_back_later(answer: httpx.Response) -> None:
    """503 with a problem and when to try again; never anything else."""
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in {"busy", "stores_unavailable", "store_full"}
    assert int(answer.headers["retry-after"]) > 0


@pytest.fixture
def site() -> Iterator[Site]:
    """The ledger API over the standard schools."""
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-faults-"))
    data_dir.chmod(0o755)
    settings = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
    with embedded_stores(data_dir) as stores:
        migrate(stores.database_url)
        signing_key = signing_key_of(settings)

        async def enter() -> None:
            async with open_district(stores.database_url, stores.redis_url, signing_key) as district:
                await open_standard_school(district)

        asyncio.run(enter())
        with running_services(settings, stores, signing_key, commands=("api",)) as running:
            opened = Site(data_dir, stores, running, read_signing_key(signing_key))
            opened.let_in("bureau")
            opened.let_in("school", [S1, S2])
            yield opened
    shutil.rmtree(data_dir)
