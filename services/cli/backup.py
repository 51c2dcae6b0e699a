"""`taizhang backup` and `restore`: the embedded stores as a base backup and the log of every change since (WAL).

PostgreSQL's own programs do it; this finds them, names what they write, and checks it. A PostgreSQL of one's own is backed
up by its own means: docs/backup.md.
"""

import json
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import psycopg

from services.cli.embedded import Stores, embedded_stores, place_cluster, postgres_program, running_stores
from shared.settings import Settings

# A backup's directory: base/INSTANT, wal, attachments.
_INSTANT = "%Y%m%dT%H%M%SZ"
# How long the log may take to be replayed.
REPLAY_SECONDS = 24 * 3600.0
LOOK_SECONDS = 0.5
_RECOVERY = ("restore_command", "recovery_target_time", "recovery_target_action", "hot_standby")


class BackupFailed(Exception):
    """A backup was not made or cannot be restored; the message says what to do."""


def back_up(settings: Settings, out: Path) -> Path:
    """Copy the running or resting stores to `out`, check the copy against its manifest; returns where it lies.

    Attachments under the data directory go along. Raises BackupFailed.
    """
    with _stores_of(settings) as stores:
        half = out / "base" / "part"
        shutil.rmtree(half, ignore_errors=True)
        half.parent.mkdir(parents=True, exist_ok=True)
        _run("pg_basebackup", "-D", half, "-d", stores.database_url, "-X", "stream", "-c", "fast",
             "--manifest-checksums=SHA256")  # fmt: skip
    # From its end on it can be replayed to any instant.
    base = out / "base" / datetime.now(UTC).strftime(_INSTANT)
    _check(half)
    # After the database: whatever it names is there by now.
    _copy_attachments(settings, out)
    half.rename(base)
    return base


@contextmanager
def following(settings: Settings, out: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """While the block runs, every change goes to `out`/wal as it is committed. Raises BackupFailed when nothing runs."""
    stores = running_stores(settings.data_dir)
    if stores is None:
        raise BackupFailed(f"nothing runs over {settings.data_dir}: start `taizhang up` first")
    wal = out / "wal"
    wal.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [postgres_program("pg_receivewal"), "-D", wal, "-d", stores.database_url, "--synchronous"],
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def restore(settings: Settings, source: Path, until: datetime | None) -> Path:
    """A ledger as it was at `until` (with a time zone; None: as late as the log goes) in the settings' data directory.

    Takes the latest base backup before `until` and replays the log after it. Returns the base that was taken. Raises
    BackupFailed, StoreDidNotStart, StateDirectoryInUse.
    """
    base = _base_before(source, until)
    _check(base)
    place_cluster(settings.data_dir, lambda cluster: _fill(cluster, base, source / "wal", until))
    with embedded_stores(settings.data_dir, patience_seconds=REPLAY_SECONDS) as stores:
        with psycopg.connect(stores.database_url, autocommit=True) as connection:
            for name in _RECOVERY:
                connection.execute(f"alter system reset {name}")
            (cluster,) = connection.execute("show data_directory").fetchone() or ("",)
        shutil.rmtree(Path(cluster) / "restored_wal")
    papers = source / "attachments"
    if papers.is_dir():
        shutil.copytree(papers, settings.data_dir / "attachments", dirs_exist_ok=True)
    return base


def _base_before(source: Path, until: datetime | None) -> Path:
    made = {
        datetime.strptime(path.name, _INSTANT).replace(tzinfo=UTC): path
        for path in (source / "base").glob("*Z")
    }  # fmt: skip
    usable = [instant for instant in made if until is None or instant <= until]
    if not usable:
        first = f"the first is of {min(made):%Y-%m-%d %H:%M:%S} UTC" if made else "there is none"
        raise BackupFailed(f"{source} has no base backup to begin with: {first}")
    return made[max(usable)]


def _fill(cluster: Path, base: Path, wal: Path, until: datetime | None) -> None:
    """Put a base backup and the log into an empty cluster, and say how far the log is to be replayed."""
    shutil.copytree(base, cluster, dirs_exist_ok=True)
    (cluster / "restored_wal").mkdir()
    for segment in wal.glob("*") if wal.is_dir() else ():
        # The one that was being written when the following ended.
        shutil.copy2(segment, cluster / "restored_wal" / segment.name.removesuffix(".partial"))
    settings = ['restore_command = \'cp "restored_wal/%f" "%p"\'', "hot_standby = off"]
    if until is not None:
        settings += [f"recovery_target_time = '{until.isoformat()}'", "recovery_target_action = promote"]
    with (cluster / "postgresql.auto.conf").open("a") as file:
        file.write("\n".join(["", *settings, ""]))
    (cluster / "recovery.signal").touch()


def _check(base: Path) -> None:
    """Hold every file of a base backup against its manifest; the log that came along is checked when it is replayed."""
    manifest = base / "backup_manifest"
    for file in json.loads(manifest.read_bytes())["Files"]:
        name = file["Path"] if "Path" in file else bytes.fromhex(file["Encoded-Path"]).decode()
        with (base / name).open("rb") as copied:
            if file_digest(copied, "sha256").hexdigest() != file["Checksum"]:
                raise BackupFailed(f"{base / name} is not what {manifest} says")


@contextmanager
def _stores_of(settings: Settings) -> Iterator[Stores]:
    if settings.database_url is not None:
        raise BackupFailed("TAIZHANG_DATABASE_URL is set: back that PostgreSQL up by its own means (docs/backup.md)")
    running = running_stores(settings.data_dir)
    if running is not None:
        yield running
        return
    if not (settings.data_dir / "stores").exists():
        raise BackupFailed(f"there is no ledger in {settings.data_dir}")
    with embedded_stores(settings.data_dir) as stores:
        yield stores


def _copy_attachments(settings: Settings, out: Path) -> None:
    """Papers are named by their digest and never change: what is there already is not copied again."""
    url = urlsplit(settings.attachments())
    if url.scheme != "file":
        return
    papers = Path(url2pathname(url.path))
    for paper in papers.rglob("*") if papers.is_dir() else ():
        copied = out / "attachments" / paper.relative_to(papers)
        if paper.is_file() and not copied.exists():
            copied.parent.mkdir(parents=True, exist_ok=True)
            half = copied.with_name(copied.name + ".part")
            shutil.copy2(paper, half)
            half.rename(copied)


def _run(program: str, *arguments: str | Path) -> None:
    done = subprocess.run([postgres_program(program), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")


def follow_until_asked(process: "subprocess.Popen[bytes]") -> None:
    """Wait for SIGINT or SIGTERM; raises BackupFailed when the following ends before that."""
    asked = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: asked.set())
    while not asked.wait(LOOK_SECONDS):
        if process.poll() is not None:
            raise BackupFailed("changes are no longer followed; what pg_receivewal said above tells why")
