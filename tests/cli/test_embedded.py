"""Embedded stores: real servers that end with their parent, keep their data, and are nobody else's."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from services.cli.embedded import StateDirectoryInUse, discard_stores, embedded_stores, running_stores

PATIENCE_SECONDS = 30


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory that the servers' user can reach, and one above it that only its owner can."""
    above = Path(tempfile.mkdtemp(prefix="taizhang-stores-"))
    above.chmod(0o755)
    yield above / "var"
    discard_stores(above / "var")
    shutil.rmtree(above)


def test_they_are_a_postgresql_18_and_a_redis(data_dir: Path) -> None:
    with embedded_stores(data_dir) as stores:
        with psycopg.connect(stores.database_url) as connection:
            assert connection.info.server_version // 10000 == 18
            assert connection.execute("show fsync").fetchone() == ("on",)
        client = redis.Redis.from_url(stores.redis_url)
        assert client.ping()
        client.close()


def test_a_restart_keeps_the_data(data_dir: Path) -> None:
    with embedded_stores(data_dir) as stores, psycopg.connect(stores.database_url) as connection:
        connection.execute("create table kept as select 42 as answer")
        connection.commit()
    with embedded_stores(data_dir) as stores, psycopg.connect(stores.database_url) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_a_second_start_on_the_same_directory_is_refused_with_the_holder(data_dir: Path) -> None:
    with embedded_stores(data_dir), pytest.raises(StateDirectoryInUse) as refused, embedded_stores(data_dir):
        pass
    assert str(os.getpid()) in str(refused.value)
    assert "--data-dir" in str(refused.value)


def test_another_command_finds_the_stores_while_they_run(data_dir: Path) -> None:
    assert running_stores(data_dir) is None
    with embedded_stores(data_dir) as stores:
        assert running_stores(data_dir) == stores
    assert running_stores(data_dir) is None


def test_the_servers_end_with_a_parent_that_was_killed_and_the_data_is_good(data_dir: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(data_dir)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    assert child.stdout is not None
    url = child.stdout.readline().strip()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept as select 7 as answer")
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _answers(url):
        assert time.monotonic() < deadline, "PostgreSQL outlives its parent"
        time.sleep(0.05)
    with embedded_stores(data_dir) as stores, psycopg.connect(stores.database_url) as connection:
        assert connection.execute("select answer from kept").fetchone() == (7,)


def test_a_server_that_was_killed_is_started_again_and_still_ends_with_the_rest(data_dir: Path) -> None:
    with embedded_stores(data_dir) as stores:
        client = redis.Redis.from_url(stores.redis_url)
        first = client.info("server")["process_id"]
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while _process_of(client) in {None, first}:
            assert time.monotonic() < deadline, "Redis is not started again"
            time.sleep(0.05)
    assert _process_of(client) is None
    client.close()


def _process_of(client: "redis.Redis") -> int | None:
    try:
        return int(client.info("server")["process_id"])
    except redis.ConnectionError:
        return None


_HOLDER = """
import sys, time
from pathlib import Path
from services.cli.embedded import embedded_stores
with embedded_stores(Path(sys.argv[1])) as stores:
    print(stores.database_url, flush=True)
    time.sleep(600)
"""


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_under_a_directory_that_only_its_owner_can_read_they_start_too(data_dir: Path) -> None:
    data_dir.parent.chmod(0o700)
    with embedded_stores(data_dir) as stores:
        assert _answers(stores.database_url)
    assert stat.S_IMODE(data_dir.parent.stat().st_mode) == 0o700, "nobody's directory was opened"


def test_what_they_hold_is_their_owners_only(data_dir: Path) -> None:
    with embedded_stores(data_dir):
        assert stat.S_IMODE((data_dir / "stores").resolve().stat().st_mode) == 0o700


def test_a_start_that_was_cut_off_leaves_no_half_made_cluster(data_dir: Path) -> None:
    with embedded_stores(data_dir):
        pass
    cluster = (data_dir / "stores").resolve() / "postgres"
    cluster.rename(cluster.with_suffix(".new"))
    (cluster.with_suffix(".new") / "PG_VERSION").unlink()
    with embedded_stores(data_dir) as stores:
        assert _answers(stores.database_url)
