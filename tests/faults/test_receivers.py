"""Webhooks while the worker, the receiver and reporting are killed: nothing is missed, what comes twice has one id, in order."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse
from standardwebhooks import Webhook

from services.cli.clients import create_client
from services.cli.processes import free_port_or, start_service
from taizhang.client import SignedIn
from tests.faults.conftest import PATIENCE_SECONDS, Stack

Json = dict[str, Any]


class Killable:
    """A receiver as a process that notes what it was sent before it answers."""

    def __init__(self, noted: Path) -> None:
        """`noted`: the file it notes in."""
        self.noted = noted
        self.port = free_port_or("127.0.0.1", 0)
        self.start()

    def start(self) -> None:
        """On the port it had."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.world.receiver", str(self.port), str(self.noted)],
            cwd=Path(__file__).parents[2],
        )

    def kill(self) -> None:
        """With kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def received(self) -> list[Json]:
        """Every webhook that was noted whole."""
        lines = self.noted.read_text("utf-8").splitlines() if self.noted.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Killable]:
    """A receiver that may be killed."""
    receiver = Killable(tmp_path / "received")
    yield receiver
    receiver.kill()


@pytest.fixture(autouse=True)
def _inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver is on this machine."""
    monkeypatch.setitem(os.environ, "TAIZHANG_WEBHOOK_NETWORKS", "127.0.0.0/8")


@pytest.fixture
def open_stack(_inside: None, stack: Stack) -> Stack:
    """The stack, started with that setting."""
    return stack


def _subscribe(stack: Stack, receiver: Killable) -> Json:
    client = create_client(stack.stores.database_url, kind="auditor")
    auth = SignedIn(stack.running.ledger_url, client.client_id, client.client_secret)
    with httpx.Client(base_url=stack.running.ledger_url, auth=auth, trust_env=False, timeout=60) as ledger:
        answer = ledger.post("/v1/subscriptions", json={"url": f"http://127.0.0.1:{receiver.port}/"})
    assert answer.status_code == 201, answer.text
    subscription: Json = answer.json()
    return subscription


def _await_delivery(stack: Stack) -> None:
    """Wait until every queue is empty, and let none wait for its next attempt."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    waiting = "select count(*) from audit.delivery_queue where position < pending_to"
    caught_up = "select count(*) from audit.subscription_progress where shared_out_to = (select max(position) from audit.finding_event)"
    while stack.query(waiting) != [(0,)] or stack.query(caught_up) != [(1,)]:
        assert time.monotonic() < deadline, "the courier does not come to an end"
        stack.query("update audit.delivery_queue set next_attempt_at = now() where attempts > 0 returning 1")
        time.sleep(0.1)


def _assert_told_everything_in_order(stack: Stack, receiver: Killable, subscription: Json) -> None:
    events = stack.query("select position, school_id from audit.finding_event order by position")
    assert len(events) > 20
    seen: dict[str, list[int]] = defaultdict(list)
    ids: dict[int, set[str]] = defaultdict(set)
    for each in receiver.received():
        event = Webhook(subscription["secret"]).verify(each["body"].encode(), each["headers"])
        position = int(event["data"]["cursor"])
        seen[event["data"]["finding"]["school_id"]].append(position)
        ids[position].add(each["headers"]["webhook-id"])
    expected: dict[str, list[int]] = defaultdict(list)
    for position, school_id in events:
        expected[school_id].append(position)
    assert {school_id: sorted(set(positions)) for school_id, positions in seen.items()} == expected
    assert ids == {position: {f"finding-event-{position}"} for position, _school in events}
    # What comes again after a kill is the last that came before it.
    assert all(later >= earlier for positions in seen.values() for earlier, later in pairwise(positions))


def test_a_worker_killed_again_and_again_delivers_everything_in_order(open_stack: Stack, killable: Killable) -> None:
    subscription = _subscribe(open_stack, killable)

    def kill_and_start_again(_sent: int) -> None:
        worker = open_stack.running.processes["worker"]
        worker.kill()
        worker.wait()
        open_stack.running.processes["worker"] = start_service("worker", open_stack.running.environment)

    open_stack.push(between=kill_and_start_again)
    open_stack.await_audit()
    kill_and_start_again(0)
    _await_delivery(open_stack)
    _assert_told_everything_in_order(open_stack, killable, subscription)


def test_a_receiver_killed_again_and_again_is_told_everything_in_order(open_stack: Stack, killable: Killable) -> None:
    subscription = _subscribe(open_stack, killable)

    def kill_or_start(sent: int) -> None:
        if sent % 2:
            killable.start()
        else:
            killable.kill()

    open_stack.push(between=kill_or_start)
    open_stack.await_audit()
    if killable.process.poll() is not None:
        killable.start()
    _await_delivery(open_stack)
    _assert_told_everything_in_order(open_stack, killable, subscription)


def test_a_reader_of_the_stream_goes_on_after_reporting_was_killed(stack: Stack, reporting: httpx.Client) -> None:
    stack.push()
    stack.await_audit()
    total = stack.query("select count(*) from audit.finding_event")[0][0]
    heard: list[str] = []
    for until in (total // 3, total):
        headers = {"Last-Event-ID": heard[-1]} if heard else {}
        with connect_sse(reporting, "GET", "/v1/findings/stream", headers=headers) as source:
            for event in source.iter_sse():
                heard.append(event.id)
                if len(heard) == until:
                    break
            process = stack.running.processes["reporting"]
            process.kill()
            process.wait()
        stack.running.processes["reporting"] = start_service("reporting", stack.running.environment)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _answers(stack.running.reporting_url):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert heard == [str(position) for position in range(1, total + 1)]


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
