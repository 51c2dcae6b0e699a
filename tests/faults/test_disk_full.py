"""The disk is full: the API says so and takes nothing it cannot keep; when there is space again, it goes on by itself."""

import os
import random
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg

from tests.faults.conftest import Batch, Site, assert_come_back_later, processes_of_postgresql
from tests.world.standard import session

MIB = 1024 * 1024
# More than a segment of the write-ahead log has: it is a table that reaches it first.
TABLE_BYTES = 17 * MIB + 1000
BATCHES_AT_MOST = 40
RECORDS = 1000


def _long_batches() -> Iterator[Batch]:
    """Sessions whose activity nobody can compress: a MiB and a half a batch."""
    chance = random.Random(5)  # noqa: S311 nothing to hide
    for batch in count():
        yield (
            "sessions",
            [
                session(f"b{batch}-{n}", activity="".join(map(chr, chance.choices(range(0x4E00, 0x9FA0), k=480))))
                for n in range(RECORDS)
            ],
        )


def _parent_of(process_id: int) -> int:
    return int(Path(f"/proc/{process_id}/stat").read_text("ascii").rpartition(")")[2].split()[1])


@contextmanager
def _files_limited(site: Site, size: int) -> Iterator[None]:
    """No file of PostgreSQL grows over so many bytes: it ignores SIGXFSZ, and is told what a full disk would tell it."""
    guard = _parent_of(processes_of_postgresql(site.data_dir, site.stores)[0])
    unlimited = resource.prlimit(guard, resource.RLIMIT_FSIZE)
    _limit(site, guard, (size, unlimited[1]))
    yield
    _limit(site, guard, unlimited)


def _limit(site: Site, guard: int, limits: tuple[int, int]) -> None:
    """What the guard starts from now on, and what runs already, which is its user's to change and not always root's."""
    resource.prlimit(guard, resource.RLIMIT_FSIZE, limits)
    running = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _is_below(each, guard)]

    def limit_those() -> None:
        for each in running:
            with suppress(ProcessLookupError):
                resource.prlimit(each, resource.RLIMIT_FSIZE, limits)

    owner = site.cluster.stat()
    drops = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.getuid() == 0 else {}
    subprocess.run(["true"], preexec_fn=limit_those, check=True, **drops)  # type: ignore[call-overload]


def _is_below(process: Path, ancestor: int) -> bool:
    """Whether the process is a child of that one, or a child's."""
    with suppress(FileNotFoundError, ProcessLookupError):
        parent = _parent_of(int(process.name))
        return ancestor in {parent, _parent_of(parent) if parent else 0}
    return False


def _fill(site: Site) -> tuple[list[Batch], Batch]:
    """Post until there is no space; the batches that were acknowledged, and the one that was not."""
    taken: list[Batch] = []
    for batch in _long_batches():
        assert len(taken) < BATCHES_AT_MOST, "the limit holds"
        answer = site.post(*batch)
        if answer.status_code != 200:
            assert_come_back_later(answer)
            return taken, batch
        site.receipts.append(answer.json())
        taken.append(batch)
    raise AssertionError


def test_a_table_that_cannot_grow_takes_nothing_until_there_is_space(site: Site) -> None:
    with _files_limited(site, TABLE_BYTES):
        taken, refused = _fill(site)
        for _ in range(3):
            assert_come_back_later(site.post(*refused))
        assert site.send("GET", "/readyz").status_code == 200
        site.assert_acknowledged_is_stored(taken)
    assert site.post_until_acknowledged(*refused)["created"] == RECORDS
    site.assert_acknowledged_is_stored([*taken, refused])


def test_a_log_that_can_have_no_new_segment_stops_postgresql_and_loses_nothing(site: Site) -> None:
    log = site.cluster / "pg_wal"
    mode = log.stat().st_mode
    log.chmod(0o500)
    taken, refused = _fill(site)
    for _ in range(3):
        assert_come_back_later(site.post(*refused))
    log.chmod(mode)
    # The batch that was refused may have been the last that the log took.
    receipt = site.post_until_acknowledged(*refused)
    assert receipt["created"] + receipt["unchanged"] == RECORDS
    site.assert_acknowledged_is_stored([*taken, refused])


def test_a_device_without_space_is_told_by_its_name(site: Site) -> None:
    batch: Batch = ("sessions", [session("h1", service_date="2025-12-01"), session("h2")])
    [(path,)] = site.query("select pg_relation_filepath('ledger.session_revision_2025')")
    # Nothing of the file is left to be written: what is there instead cannot be.
    with psycopg.connect(site.stores.database_url, autocommit=True) as connection:
        connection.execute("checkpoint")
    year, aside = site.cluster / path, site.cluster / f"{path}.aside"
    year.rename(aside)
    year.symlink_to("/dev/full")
    site.reconnect()
    refused = site.post(*batch)
    assert_come_back_later(refused)
    assert refused.json()["code"] == "store_full"
    site.assert_acknowledged_is_stored([])
    aside.replace(year)
    site.reconnect()
    assert site.post_until_acknowledged(*batch)["created"] == 2
    site.assert_acknowledged_is_stored([batch])
