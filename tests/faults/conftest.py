"""The real processes over real, durable stores of the test's own, and a simulated district to push at them."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg
import pytest

from services.cli.clients import create_client
from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import Running, running_services
from services.cli.push import SignedIn, push_sources
from services.cli.simulator import simulate
from services.cli.sources import sources_of
from services.cli.up import signing_key_of
from shared.migrations import migrate
from shared.settings import Settings

# What the district's own office keeps; schools may only add to it.
OF_THE_BUREAU = {"schools", "terms", "closures", "providers"}
PATIENCE_SECONDS = 120
Identity = tuple[str, str, str, str]


@dataclass
class Stack:
    """The running stack, a folder of records to push, and what a full audit of it has to find."""

    stores: Stores
    running: Running
    folder: Path
    truth: set[Identity]

    def push(self, between: Callable[[int], None] = lambda _sent: None) -> None:
        """Send everything; `between` hears of each file that has landed."""
        ids = [school["school_id"] for school in _lines(self.folder / "01-schools.ndjson")]
        url = self.running.ledger_url
        clients = {
            "bureau": create_client(self.stores.database_url, kind="bureau"),
            "school": create_client(self.stores.database_url, kind="school", schools=ids),
        }
        auth = {kind: SignedIn(url, client.client_id, client.client_secret) for kind, client in clients.items()}
        for sent, source in enumerate(sources_of([self.folder])):
            push_sources(url, auth["bureau" if source.resource in OF_THE_BUREAU else "school"], [source])
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
        for label in _lines(folder / "labels.ndjson")
        if label["label"] == "fraud"
    }
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-faults-"))
    data_dir.chmod(0o755)
    settings = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
    with embedded_stores(data_dir) as stores:
        migrate(stores.database_url)
        with running_services(settings, stores, signing_key_of(settings)) as running:
            yield Stack(stores, running, folder, truth)
    shutil.rmtree(data_dir)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def reporting(stack: Stack) -> Iterator[httpx.Client]:
    """The bureau's view of reporting."""
    client = create_client(stack.stores.database_url, kind="bureau")
    auth = SignedIn(stack.running.ledger_url, client.client_id, client.client_secret)
    with httpx.Client(base_url=stack.running.reporting_url, auth=auth, trust_env=False, timeout=60) as reader:
        yield reader
