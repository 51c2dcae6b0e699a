"""The term of docs/term.md, played once against the real services; the tests look at what it left."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from services.cli.embedded import Stores
from services.cli.processes import Running, running_services
from services.cli.up import signing_key_of
from shared.settings import Settings
from tests.conftest import cloned
from tests.term.guide import Block, follow

PATIENCE_SECONDS = 60
GUIDE = Path(__file__).parents[2] / "docs/term.md"


@dataclass(frozen=True)
class Term:
    """Where the term was played: the running services and their database."""

    running: Running
    database_url: str


@pytest.fixture(scope="module")
def term(stores: Stores, empty: str) -> Iterator[Term]:
    """The guide has been followed to its end."""
    folder = Path(tempfile.mkdtemp(prefix="taizhang-term-"))
    settings = Settings(_env_file=None, data_dir=folder, ledger_port=0, reporting_port=0)
    with (
        cloned(stores, empty) as url,
        running_services(
            settings, Stores(url, stores.redis_url), signing_key_of(settings), lines_to=folder / "log"
        ) as running,
    ):

        def audited(block: Block) -> None:
            # The reader of a finding is slower than the audit; the test is not.
            if "findings" in block.commands:
                _await_audit(url)

        environment = {
            **os.environ,
            **running.environment,
            "LEDGER": running.ledger_url,
            "REPORTING": running.reporting_url,
        }
        follow(GUIDE, environment, folder, before=audited)
        _await_audit(url)
        yield Term(running, url)
    shutil.rmtree(folder)


def _await_audit(database_url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute("select count(*) from ledger.outbox").fetchone() != (0,):
            assert time.monotonic() < deadline, "the audit does not come to an end"
            time.sleep(0.05)
