"""The commands as an operator types them: as processes, in a directory of their own, ended by the signals people send."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import httpx
import psycopg
import pytest
import typer
from typer.core import TyperGroup

from services.cli.embedded import discard_stores, running_stores
from services.cli.main import app
from services.cli.simulator.senders import OF_THE_BUREAU

ROOT = Path(__file__).parents[2]
TAIZHANG = (sys.executable, "-m", "services.cli.main")
PATIENCE_SECONDS = 90
SHELL_LINES = sorted(
    {
        line.split("#")[0].strip()
        for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for block in re.findall(r"^```sh\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line.startswith(".venv/bin/taizhang")
    }
)


@dataclass(frozen=True)
class Place:
    """A directory with embedded stores, and how commands are run in it."""

    data_dir: Path
    environment: dict[str, str]
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def run(self, *arguments: str, expect: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [*TAIZHANG, *arguments],
            env={**self.environment, **environment},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == expect, done.stderr
        return done

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command whose output is read line by line."""
        process = subprocess.Popen(
            [*TAIZHANG, *arguments],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process


@pytest.fixture
def place() -> Iterator[Place]:
    """Embedded stores of the test's own, on free ports."""
    above = Path(tempfile.mkdtemp(prefix="taizhang-commands-"))
    above.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAIZHANG_")}
    place = Place(
        above / "var",
        {
            **environment,
            "TAIZHANG_DATA_DIR": str(above / "var"),
            "TAIZHANG_LEDGER_PORT": "0",
            "TAIZHANG_REPORTING_PORT": "0",
            "COLUMNS": "200",
        },
    )
    yield place
    # A test that failed in the middle has left them running.
    for process in place.started:
        process.kill()
        process.communicate()
    for data_dir in (above / "var" / "demo", above / "var"):
        discard_stores(data_dir)
    shutil.rmtree(above)


def _until(process: "subprocess.Popen[str]", wanted: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if wanted in line:
            return line
    raise AssertionError(f"ended before it said {wanted!r}:\n{seen}")


def _end(process: "subprocess.Popen[str]", by: signal.Signals) -> int:
    process.send_signal(by)
    # Whoever waits for a process to end has to empty its pipe.
    process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode


def _answers(database_url: str) -> bool:
    try:
        psycopg.connect(database_url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: by.name)
def test_up_serves_until_it_is_asked_to_end_and_leaves_nothing_behind(place: Place, by: signal.Signals) -> None:
    up = place.start("up")
    ready = _until(up, "ready ")
    urls = dict(word.split("=", 1) for word in ready.split()[1:])
    for url in urls.values():
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    stores = running_stores(place.data_dir)
    assert stores is not None
    assert _end(up, by) == 0
    assert not _answers(stores.database_url)
    for url in urls.values():
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/livez", trust_env=False)


def test_up_ends_when_a_service_ends_and_names_it(place: Place) -> None:
    up = place.start("up")
    _until(up, "ready ")
    stores = running_stores(place.data_dir)
    assert stores is not None
    children = [int(child) for child in Path(f"/proc/{up.pid}/task/{up.pid}/children").read_text().split()]
    (worker,) = [child for child in children if Path(f"/proc/{child}/cmdline").read_bytes().endswith(b"worker\0")]
    os.kill(worker, signal.SIGKILL)
    assert "`taizhang worker` ended" in up.communicate(timeout=PATIENCE_SECONDS)[0].splitlines()[-1]
    assert up.returncode == 1
    assert not _answers(stores.database_url)


def test_the_day_of_an_operator(place: Place, tmp_path: Path) -> None:
    up = place.start("up")
    urls = dict(word.split("=", 1) for word in _until(up, "ready ").split()[1:])

    refused = place.run("up", expect=1)
    assert refused.stderr.count("\n") == 1
    assert str(up.pid) in refused.stderr

    simulated = json.loads(
        place.run("simulate", "--schools", "2", "--days", "3", "--seed", "4", "--out", str(tmp_path)).stdout
    )
    assert simulated["schools"] == 2
    school_ids = [json.loads(line)["school_id"] for line in (tmp_path / "01-schools.ndjson").read_text().splitlines()]
    files = sorted(tmp_path.glob("[0-9]*.ndjson"))
    of_the_bureau = [path for path in files if path.stem[3:] in OF_THE_BUREAU]
    # First what schools refer to, last what is about them.
    before, after = ([path for path in of_the_bureau if (path.stem < "05") == early] for early in (True, False))
    rest = [path for path in files if path not in of_the_bureau]
    bureau = _client(place, "--kind", "bureau", "--name", "office")
    vendor = _client(place, "--kind", "school", *(word for school_id in school_ids for word in ("--school", school_id)))

    def push(signed_in: dict[str, str], paths: list[Path]) -> dict[str, int]:
        printed = place.run("push", *map(str, paths), "--url", urls["ledger"], **signed_in).stdout.splitlines()
        pushed: dict[str, int] = json.loads(printed[-1])
        assert sum(json.loads(receipt)["received"] for receipt in printed[:-1]) == pushed["received"]
        return pushed

    for signed_in, paths in ((bureau, before), (vendor, rest), (bureau, after)):
        pushed = push(signed_in, paths)
        assert pushed["created"] + pushed["revised"] == pushed["received"] > 0
        assert push(signed_in, paths)["created"] == 0

    stores = running_stores(place.data_dir)
    assert stores is not None
    _await_audit(stores.database_url)
    assert json.loads(place.run("audit", "run").stdout)["changes"] == 0
    rebuilt = json.loads(place.run("rollup", "rebuild").stdout)
    assert rebuilt["schools"] == 2
    assert rebuilt["school_days"] >= 6
    assert "there is no 3101159999" in place.run("rollup", "rebuild", "--school", "3101159999", expect=2).stderr
    assert _end(up, signal.SIGINT) == 0


def _client(place: Place, *arguments: str) -> dict[str, str]:
    """Create a client; how it signs in."""
    client = json.loads(place.run("clients", "create", *arguments).stdout)
    return {"TAIZHANG_CLIENT_ID": client["client_id"], "TAIZHANG_CLIENT_SECRET": client["client_secret"]}


def _await_audit(database_url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute("select count(*) from ledger.outbox").fetchone() != (0,):
            assert time.monotonic() < deadline, "the audit does not come to an end"
            time.sleep(0.1)


def test_the_demo_finds_what_was_planted_and_ends(place: Place) -> None:
    shown = place.run("demo", "--once", "--schools", "3", "--days", "6").stdout
    caught = re.search(r"planted frauds caught: (\d+) of (\d+), false findings: 0", shown)
    assert caught is not None, shown
    assert caught[1] == caught[2] != "0"
    assert "yuan for" in shown


def test_a_demo_that_is_ended_while_it_works_ends_its_stores(place: Place) -> None:
    demo = place.start("demo", "--once", "--schools", "12", "--days", "25")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (stores := running_stores(place.data_dir / "demo")) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert _end(demo, signal.SIGTERM) == -signal.SIGTERM
    while _answers(stores.database_url):
        assert time.monotonic() < deadline, "PostgreSQL outlives the demo"
        time.sleep(0.05)


def test_the_benchmark_prints_its_bars_and_where_the_time_goes(place: Place) -> None:
    printed = place.run("bench", "ingest", "--schools", "8", "--days-loaded", "0", "--rounds", "1").stdout
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    bars = {line["name"]: line for line in lines if "bar" in line}
    assert bars.keys() == {
        "district_day_sheets", "district_day_sheets_a_school_a_body", "district_day_flat", "district_day_vs_naive",
        "replay", "one_mark_db", "bytes_per_mark", "verify_day", "memory_mib",
    }  # fmt: skip
    assert all(line["ratio"] > 0 and isinstance(line["reached"], bool) for line in bars.values())
    (crowd,) = [line for line in lines if line["name"] == "clients_64"]
    assert 0 < crowd["p50_ms"] <= crowd["p99_ms"]
    (workers,) = [line for line in lines if line["name"] == "two_workers"]
    assert workers["ratio"] > 0
    (profile,) = [line for line in lines if line["name"] == "profile_sheets"]
    assert sum(part["share"] for part in profile["parts"].values()) == pytest.approx(1, abs=0.01)


def test_the_accuracy_of_the_rules_is_measured_on_simulated_districts(place: Place) -> None:
    """Deterministic rules find everything that is planted, by the ledger's clock as well, and nothing else."""
    printed = place.run("bench", "accuracy", "--seed", "31", "--schools", "4", "--weeks", "3").stdout
    lines = {line["name"]: line for line in map(json.loads, printed.splitlines())}
    assert (lines["A04"]["planted"], lines["A04"]["found"], lines["A04"]["missed"], lines["A04"]["false"]) == (
        1,
        1,
        0,
        0,
    )
    assert lines["deterministic"]["planted"] > 20
    assert (lines["deterministic"]["recall"], lines["deterministic"]["precision"]) == (1, 1), lines["deterministic"]
    assert lines["deterministic"]["reached"]
    assert lines["statistical"]["false_per_honest_school_month"] == 0
    assert lines["overall"]["honest_school_months"] == 2


def test_the_audit_benchmark_prints_its_bars_and_every_reference_finds_the_same(place: Place) -> None:
    printed = place.run("bench", "audit", "--schools", "8", "--days", "4", "--rounds", "1").stdout
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    # It would have ended with FindingsDiffer if a reference had found anything else.
    assert {line["name"] for line in lines if "bar" in line} == {
        "audit_school_day", "audit_vs_orm", "post_to_finding", "audit_term",
    }  # fmt: skip
    assert all(line["ratio"] > 0 and line["rounds"] == 1 for line in lines)
    assert ("audit_vs_pandas" in {line["name"] for line in lines}) == (find_spec("pandas") is not None)


def test_the_report_benchmark_prints_its_bars_and_both_ways_say_the_same(place: Place) -> None:
    printed = place.run("bench", "report", "--schools", "4", "--days", "4", "--rounds", "1").stdout
    lines = {line["name"]: line for line in map(json.loads, printed.splitlines())}
    # It would have ended with ReportsDiffer if a rollup said anything else than the facts.
    assert {name for name, line in lines.items() if "bar" in line} == {
        "report_rollup", "report_rollup_ten_terms", "pay_run_vs_hrms",
    }  # fmt: skip
    pay = lines["pay_run_vs_hrms"]
    assert pay["lines"] > pay["slips"] > 0
    assert pay["reference"] == pytest.approx(10.8)
    for name in ("district_overview", "school_dossier", "readers_32"):
        assert 0 < lines[name]["p50_ms"] <= lines[name]["p99_ms"], name
    assert lines["readers_32"]["days_posted"] > 0


def test_a_school_client_without_a_school_is_told_so(place: Place) -> None:
    assert "--school" in place.run("clients", "create", "--kind", "school", expect=2).stderr


def test_a_person_is_let_in_by_a_link_to_the_page(place: Place) -> None:
    client = _client(place, "--kind", "auditor")
    link = place.run("clients", "link", client["TAIZHANG_CLIENT_ID"]).stdout
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#code=[\w-]{43}\n", link)
    assert "clients create" in place.run("clients", "link", "nobody", expect=2).stderr


def test_a_setting_that_cannot_be_used_is_one_line_that_names_it(place: Place) -> None:
    said = place.run("up", expect=1, TAIZHANG_LEDGER_PORT="eighty").stderr
    assert said.count("\n") == 1
    assert "TAIZHANG_LEDGER_PORT" in said


def test_push_says_what_was_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "schools.ndjson").write_text("{}\n")
    said = place.run("push", str(tmp_path), "--url", "http://127.0.0.1:9", expect=1).stderr
    assert said.splitlines()[-1].startswith("taizhang: ")


@pytest.mark.parametrize("line", SHELL_LINES)
def test_a_command_in_the_documents_is_one_that_can_be_typed(line: str) -> None:
    command, arguments = typer.main.get_command(app), shlex.split(line)[1:]
    while isinstance(command, TyperGroup):
        assert arguments[0] in command.commands
        command, arguments = command.commands[arguments[0]], arguments[1:]
    assert command.make_context("taizhang", arguments).params
