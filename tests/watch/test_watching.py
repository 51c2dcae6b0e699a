"""The three services as an operator sees them: metrics, one id from a POST to the webhook, lines that name nobody."""

import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from joserfc.jwk import ECKey

from services.cli.embedded import Stores
from services.cli.processes import Running, free_port_or, running_services
from services.cli.up import signing_key_of
from services.ledger_api.app import read_signing_key
from shared.settings import Settings
from shared.tokens import issue
from tests.conftest import cloned
from tests.world.lines import assert_lines_name_nobody
from tests.world.receiver import Receiver
from tests.world.standard import S1, TUESDAY, session, sheet

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


@dataclass
class Watched:
    """The running services, where their lines are, and a webhook's receiver."""

    running: Running
    worker_url: str
    database_url: str
    lines: Path
    key: ECKey
    receiver: Receiver

    def headers(self, kind: str, *schools: str) -> dict[str, str]:
        """A caller of this kind."""
        return {"Authorization": f"Bearer {issue(self.key, client_id=kind, kind=kind, schools=schools, stage=None)}"}

    def exported(self) -> set[str]:
        """The names of all metrics that the services export now."""
        urls = (self.running.ledger_url, self.running.reporting_url, self.worker_url)
        text = "".join(httpx.get(f"{url}/metrics", trust_env=False).text for url in urls)
        # A histogram that nothing was observed of yet has no line but its type's.
        typed = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        endings = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
        return {name + end for name, kind in typed for end in endings.get(kind, ("",))}


def events(lines: Path) -> list[dict[str, Any]]:
    """What was logged, line by line."""
    return [json.loads(line) for line in lines.read_text("utf-8").splitlines() if line.startswith("{")]


def until(found: Any) -> Any:
    """Ask again until there is something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value
