"""The three services as child processes: started in order, awaited until they answer, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from services.cli.embedded import Stores
from services.cli.guard import end_with_parent
from shared.settings import Settings

SERVICES = ("api", "worker", "reporting")
START_SECONDS = 60.0
STOP_SECONDS = 8.0
POLL_SECONDS = 0.05


class ServiceEnded(Exception):
    """A service ended or did not answer; the message names it."""


@dataclass(frozen=True)
class Running:
    """Where the two HTTP services answer, the processes themselves, what they are started with, where their lines are."""

    ledger_url: str
    reporting_url: str
    processes: dict[str, "subprocess.Popen[bytes]"]
    environment: Mapping[str, str]
    lines_in: str

    def ended(self) -> str | None:
        """The name of a service that has ended, if any."""
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)


@contextmanager
def running_services(
    settings: Settings,
    stores: Stores,
    signing_key: str,
    *,
    commands: Sequence[str] = SERVICES,
    lines_to: Path | None = None,
) -> Iterator[Running]:
    """Start the ledger API, the worker and reporting (or those named) over the stores; they end when the block does.

    A port of 0 takes a free one. `lines_to`: a file for what they log, instead of this terminal. Raises ServiceEnded
    when one does not start.
    """
    ledger_port = settings.ledger_port or free_port_or(settings.bind, 0)
    reporting_port = settings.reporting_port or free_port_or(settings.bind, 0)
    ledger_url, reporting_url = (f"http://{settings.bind}:{port}" for port in (ledger_port, reporting_port))
    environment = {
        **os.environ,
        "TAIZHANG_DATABASE_URL": stores.database_url,
        "TAIZHANG_REDIS_URL": stores.redis_url,
        "TAIZHANG_TOKEN_SIGNING_KEY": signing_key,
        "TAIZHANG_LEDGER_PORT": str(ledger_port),
        "TAIZHANG_REPORTING_PORT": str(reporting_port),
        "TAIZHANG_BIND": settings.bind,
        "TAIZHANG_DATA_DIR": str(settings.data_dir),
        "TAIZHANG_LEDGER_URL": settings.ledger_url or ledger_url,
        "TAIZHANG_REPORTING_URL": settings.reporting_url or reporting_url,
    }
    lines_in = "its lines above" if lines_to is None else f"the last lines of {lines_to}"
    running = Running(ledger_url, reporting_url, {}, environment, lines_in)
    with nullcontext(None) if lines_to is None else lines_to.open("wb") as lines:
        try:
            for command in commands:
                running.processes[command] = start_service(command, environment, lines)
            _await_answers(running)
            yield running
        finally:
            _stop(list(running.processes.values()))


def start_service(
    command: str, environment: Mapping[str, str], lines: BinaryIO | None = None
) -> "subprocess.Popen[bytes]":
    """One service as `taizhang COMMAND`; in its own session, so that Ctrl-C reaches it through us and in order."""
    return subprocess.Popen(
        [sys.executable, "-m", "services.cli.main", command],
        env=dict(environment),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=lines,
        stderr=lines,
        preexec_fn=end_with_parent,  # noqa: PLW1509 one async-signal-safe call
    )


def _await_answers(running: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    urls = {"api": running.ledger_url, "reporting": running.reporting_url}
    for url in (urls[command] for command in running.processes if command in urls):
        while not _is_ready(url):
            if (ended := running.ended()) is not None:
                raise ServiceEnded(f"`taizhang {ended}` ended while starting; {running.lines_in} say why")
            if time.monotonic() > deadline:
                raise ServiceEnded(f"{url} did not answer within {START_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port_or(bind: str, wanted: int) -> int:
    """The port wanted where it is free, else (and for 0) one that is."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, wanted))
        except OSError:
            return free_port_or(bind, 0)
        port: int = probe.getsockname()[1]
        return port
