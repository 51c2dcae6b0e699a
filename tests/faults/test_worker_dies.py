"""The audit worker is killed in the middle, again and again: nothing is lost, nothing doubled."""

import httpx
from httpx_sse import connect_sse

from services.cli.processes import start_service
from tests.faults.conftest import Stack


def test_a_worker_killed_in_the_middle_of_the_audit_loses_and_doubles_nothing(stack: Stack) -> None:
    def kill_and_start_again(_sent: int) -> None:
        worker = stack.running.processes["worker"]
        worker.kill()
        worker.wait()
        stack.running.processes["worker"] = start_service("worker", stack.running.environment)

    stack.push(between=kill_and_start_again)
    stack.await_audit()
    stack.assert_nothing_lost_nothing_doubled()


def test_a_subscriber_of_the_stream_hears_every_change_once_across_a_reconnect(
    stack: Stack, reporting: httpx.Client
) -> None:
    stack.push()
    stack.await_audit()
    total = stack.query("select count(*) from audit.finding_event")[0][0]
    heard: list[str] = []
    # The first connection is dropped after half of the events; the second resumes with Last-Event-ID.
    for until, headers in ((total // 2, {}), (total, {"Last-Event-ID": ""})):
        if heard:
            headers["Last-Event-ID"] = heard[-1]
        with connect_sse(reporting, "GET", "/v1/findings/stream", headers=headers) as source:
            for event in source.iter_sse():
                heard.append(event.id)
                if len(heard) == until:
                    break
    assert heard == [str(position) for position in range(1, total + 1)]
