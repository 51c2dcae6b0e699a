"""A real PostgreSQL and a real Redis for the whole run; a database of its own, cloned from a migrated one, for each test."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
import yaml
from joserfc.jwk import ECKey

from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import running_services
from services.cli.up import signing_key_of
from shared.migrations import migrate
from shared.settings import Settings
from tests.world.district import District, open_district
from tests.world.every_log import every_log as every_log  # noqa: PLC0414 a fixture for all
from tests.world.lines import assert_lines_name_nobody
from tests.world.standard import open_standard_school

_numbers = count(1)
# Two workers' servers, each with two GiB of its log of writes, and as much again for others.
MEMORY_BYTES = 10 * 1024**3


@pytest.fixture(scope="session")
def stores() -> Iterator[Stores]:
    """The two stores; what they hold is thrown away."""
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-test-", dir=_memory()))
    # So that the servers' unprivileged user gets there when root runs the tests.
    data_dir.chmod(0o755)
    try:
        with embedded_stores(data_dir, durable=False) as started:
            yield started
    finally:
        shutil.rmtree(data_dir)
    # The stores end last: whatever process a test started has ended before.
    assert _children() == [], "a test left a process behind"


def _memory() -> str | None:
    """A folder in memory, where a database is copied in half the time; None where there is little of it."""
    folder = Path("/dev/shm")  # noqa: S108 the folder in it is made anew
    if not folder.is_dir() or not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return None
    return str(folder) if shutil.disk_usage(folder).free > MEMORY_BYTES else None


def _children() -> list[str]:
    """What this process started and is still there (or ended unheard), where the system shows it."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    found = children.read_text("ascii").split() if children.exists() else []
    return [Path(f"/proc/{each}/cmdline").read_text("utf-8").replace("\0", " ") or each for each in found]


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a P-256 private key."""
    path = tmp_path_factory.mktemp("key") / "signing-key.pem"
    path.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    return str(path)


@pytest.fixture(scope="session")
def empty(stores: Stores) -> str:
    """The URL of a migrated database that tests clone and never touch."""
    url = _create(stores, "empty")
    migrate(url)
    return url


@pytest.fixture(scope="session")
def standard(stores: Stores, empty: str, signing_key: str) -> str:
    """The URL of a database with the standard schools (tests/world/standard.py), entered through the API; for cloning."""
    url = _create(stores, "standard", template=empty)

    async def enter() -> None:
        async with open_district(url, stores.redis_url, signing_key) as district:
            await open_standard_school(district)

    asyncio.run(enter())
    return url


@pytest.fixture
def database_url(stores: Stores, empty: str) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    with cloned(stores, empty) as url:
        yield url


@pytest.fixture
async def district(stores: Stores, database_url: str, signing_key: str) -> AsyncIterator[District]:
    """An empty district: the ledger API, the audit and reporting over a database of the test's own."""
    async with open_district(database_url, stores.redis_url, signing_key) as opened:
        yield opened


@pytest.fixture
async def school(stores: Stores, standard: str, signing_key: str) -> AsyncIterator[District]:
    """A district with the standard schools."""
    with cloned(stores, standard) as url:
        async with open_district(url, stores.redis_url, signing_key) as opened:
            yield opened


@pytest.fixture
def served(stores: Stores, standard: str) -> Iterator[tuple[str, str]]:
    """The ledger API as a process over the standard schools: its address, and the database's URL."""
    with tempfile.TemporaryDirectory(prefix="taizhang-served-") as folder, cloned(stores, standard) as url:
        data_dir = Path(folder)
        settings = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
        with running_services(
            settings,
            Stores(url, stores.redis_url),
            signing_key_of(settings),
            commands=("api",),
            lines_to=data_dir / "log",
        ) as running:
            yield running.ledger_url, url
            assert_lines_name_nobody(data_dir / "log", url)


@pytest.fixture
def clone_standard(stores: Stores, standard: str) -> Callable[[], object]:
    """Makes further databases with the standard schools."""
    return lambda: cloned(stores, standard)


@contextmanager
def cloned(stores: Stores, template: str) -> Iterator[str]:
    """A copy of a database, dropped after the block."""
    name = f"test_{next(_numbers)}"
    try:
        yield _create(stores, name, template=template)
    finally:
        with psycopg.connect(stores.database_url, autocommit=True) as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')


def _create(stores: Stores, name: str, *, template: str | None = None) -> str:
    source = "template1" if template is None else template.partition("@/")[2].partition("?")[0]
    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{source}" strategy file_copy')
    return stores.database_url.replace("@/taizhang?", f"@/{name}?")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much of the notice is covered, as docs/clauses.yaml has it and tests/house/test_clauses.py checks."""
    requirements = yaml.load((Path(__file__).parents[1] / "docs/clauses.yaml").read_text("utf-8"), yaml.CSafeLoader)
    not_yet = sum(each["covered_by"] == "not yet" for each in requirements)
    in_part = sum("lacks" in each for each in requirements)
    covered = len(requirements) - in_part - not_yet
    terminalreporter.write_line(
        f"requirements of the notice: {covered} covered, {in_part} in part, {not_yet} not yet, of {len(requirements)}"
    )
