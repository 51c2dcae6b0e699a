"""Production as deploy/ lays it out: own PostgreSQL and Redis, three services as processes and roles, one owner who migrates."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from shared.database import TURN_LOCK
from shared.migrations import require_newest
from tests.deploy.conftest import ROLES, ROOT, Machine, wait_for
from tests.world.standard import S1, TERM, school_of, session, slot_of, staff_of


@pytest.fixture(scope="module")
def serving(machine: Machine) -> Iterator[Machine]:
    """The machine with its services running, and a school of one teacher."""
    machine.start(*ROLES)
    bureau, school = machine.client("--kind", "bureau"), machine.client("--kind", "school", "--school", S1)
    post(machine, bureau, "schools", school_of(S1, "primary"))
    post(machine, bureau, "terms", {"term_id": TERM, "starts_on": "2025-09-01", "ends_on": "2026-01-30"})
    post(machine, school, "slots", slot_of(S1, "s1"))
    post(machine, school, "staff", staff_of(S1, "T1"))
    bureau.close()
    school.close()
    yield machine
    for service in list(machine.services):
        assert machine.stop(service) == 0, machine.said(service)


def post(machine: Machine, client: httpx.Client, resource: str, record: dict[str, object]) -> None:
    """Post a record; it is taken."""
    answer = client.post(f"{machine.address('api')}/v1/{resource}", json=[record])
    assert answer.status_code == httpx.codes.OK, answer.text


def test_a_session_is_posted_flagged_and_reported(serving: Machine) -> None:
    reporting = serving.address("reporting")
    with serving.client("--kind", "bureau") as bureau, serving.client("--kind", "school", "--school", S1) as school:
        # Class hours for a session to which nobody came.
        post(serving, school, "sessions", session("nobody", headcount=0, staff={"T1": 1.25}))

        def flagged() -> bool:
            found = bureau.get(f"{reporting}/v1/findings", params={"rule": "A12"}).json()["items"]
            return [each["subject"]["id"] for each in found] == ["nobody"]

        wait_for(flagged, serving.said("worker"))
        report = school.get(f"{reporting}/v1/reports/workload", params={"school_id": S1, "term_id": TERM})
        assert report.status_code == httpx.codes.OK, report.text
        assert '"T1"' in report.text
    assert serving.run("verify").returncode == 0


def test_the_owner_archives_an_old_year_and_the_bureau_has_a_pupil_forgotten(serving: Machine, tmp_path: Path) -> None:
    """By nobody who passes by row level security."""
    old: dict[str, object] = {"term_id": "2019-2020-1"}
    term = {**old, "starts_on": "2019-09-02", "ends_on": "2020-01-17", "holidays": [], "makeup_days": []}
    with serving.client("--kind", "bureau") as bureau, serving.client("--kind", "school", "--school", S1) as school:
        post(serving, bureau, "terms", term)
        post(serving, school, "slots", slot_of(S1, "s1") | old)
        post(serving, school, "sessions", session("old", service_date="2019-09-09"))
        post(serving, school, "students", {"student_id": "P1", "school_id": S1, "grade": 3})
        asked = {"case_no": "1", "student_id": "P1", "ground": "unlawful", "asked_on": "2031-03-02"}
        erased = bureau.post(f"{serving.address('api')}/v1/erasures", json={"school_id": S1, **asked})
        assert erased.status_code == httpx.codes.OK, erased.text
        wait_for(lambda: serving.query("select count(*) from ledger.outbox") == [(0,)], serving.said("worker"))
        taken = serving.run("archive", "take", "2019", "--out", str(tmp_path))
        assert taken.returncode == 0, taken.stderr
        assert serving.run("verify").returncode == 0
        assert serving.run("verify", "--archive", str(tmp_path / "2019")).returncode == 0
        back = serving.run("archive", "bring-back", str(tmp_path / "2019"))
        assert back.returncode == 0, back.stderr
        assert serving.run("verify").returncode == 0
        post(serving, school, "sessions", session("old", service_date="2019-09-10", reason="改日"))


# Who may do what: one writer a schema, and nobody becomes another.
FORBIDDEN = [
    ("taizhang_ledger", "delete from ledger.entry"),
    ("taizhang_ledger", "update ledger.session_revision set headcount = 1"),
    ("taizhang_ledger", "delete from audit.finding"),
    ("taizhang_ledger", "set role taizhang_audit"),
    ("taizhang_audit", "insert into ledger.entry select * from ledger.entry"),
    ("taizhang_audit", "select secret_hash from ledger.api_client"),
    ("taizhang_audit", "set role taizhang_owner"),
    ("taizhang_reporting", "set transaction read write; update audit.finding set state = 'cleared'"),
    ("taizhang_reporting", "set role taizhang_ledger"),
    ("taizhang_reporting", "set transaction read write; create table public.mine (row integer)"),
    ("taizhang_owner", "set role postgres"),
]


def test_no_role_does_what_another_is_for(serving: Machine) -> None:
    for role, statement in FORBIDDEN:
        with psycopg.connect(serving.url(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
    for role in ("postgres", "taizhang_ledger"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(f"postgresql://{role}:guess@127.0.0.1:{serving.port}/taizhang")
    roles = serving.query(
        "select rolname from pg_roles where rolname like 'taizhang%' and not rolsuper and not rolbypassrls and not rolcreaterole"
    )
    assert {row[0] for row in roles} == {"taizhang_owner", *ROLES.values()}


def test_a_service_that_is_asked_to_end_ends_and_comes_back(serving: Machine) -> None:
    for service, says in (("api", "ledger_api"), ("worker", "audit_worker"), ("reporting", "reporting")):
        assert serving.stop(service) == 0, serving.said(service)
        assert f'"{says}_stopped"' in serving.said(service)
    serving.start(*ROLES)


NEXT = """
from alembic import op

revision = "next"
down_revision = "{newest}"


def upgrade() -> None:
    # What wants the strongest lock there is, on a table that every request of the test reads or writes.
    op.execute("alter table ledger.session_revision add column weather text")


def downgrade() -> None:
    op.execute("alter table ledger.session_revision drop column weather")
"""


@pytest.fixture
def next_version(serving: Machine) -> Iterator[Path]:
    """The folder of a next version: this one's code, and a step of the schema, which is gone afterwards."""
    code = serving.home / "next"
    for each in ("services", "shared"):
        shutil.copytree(ROOT / each, code / each, ignore=shutil.ignore_patterns("__pycache__"))
    newest = str(serving.query("select version_num from public.alembic_version")[0][0])
    (code / "shared/migrations/versions/next.py").write_text(NEXT.format(newest=newest), "utf-8")
    yield code
    if serving.query("select version_num from public.alembic_version") == [("next",)]:
        serving.run("migrate", "--back", code=code)


@contextmanager
def traffic(machine: Machine) -> Iterator[list[int]]:
    """A school that records and a school that reads, without a pause; the list of what they were answered."""
    answers: list[int] = []
    ended = threading.Event()

    def go_on(client: httpx.Client, ask: str) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            if ask == "record":
                record = session(f"n{number}", headcount=number % 40, staff={"T1": 1}, reason="counted again")
                answer = client.post(f"{machine.address('api')}/v1/sessions", json=[record])
            else:
                query = {"school_id": S1, "term_id": TERM}
                answer = client.get(f"{machine.address('reporting')}/v1/reports/workload", params=query)
            answers.append(answer.status_code)

    with machine.client("--kind", "school", "--school", S1) as one, machine.client("--kind", "auditor") as other:
        threads = [threading.Thread(target=go_on, args=given) for given in ((one, "record"), (other, "read"))]
        for thread in threads:
            thread.start()
        try:
            wait_for(lambda: len(answers) > 10, "no traffic")
            yield answers
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def test_a_version_comes_and_goes_while_schools_record_and_read(serving: Machine, next_version: Path) -> None:
    with traffic(serving) as answers:
        upgrade = threading.Thread(target=serving.run, args=("migrate",), kwargs={"code": next_version})
        with psycopg.connect(serving.url("taizhang_reporting")) as long_report:
            long_report.execute("select count(*) from ledger.session_revision")
            # An audit takes as long as it takes: the step lets it end, and stands in nobody's way meanwhile.
            with psycopg.connect(serving.url("taizhang_audit")) as long_audit:
                long_audit.execute("select pg_advisory_xact_lock(%s)", (TURN_LOCK,))
                upgrade.start()
                wait_for(lambda: waiting(serving) == {"advisory"}, "the step did not wait for the audit")
                passed_by(answers)
                assert waiting(serving) == {"advisory"}
            # Somebody's long report: the step waits for it a moment, lets everybody pass, and tries again.
            wait_for(lambda: waiting(serving) == {"relation"}, "the step did not wait for the reader")
            wait_for(lambda: not waiting(serving), "the step did not give up")
        upgrade.join()
        assert serving.query("select version_num from public.alembic_version") == [("next",)]

        # This version goes on over the next one's schema, and says what it does not know when asked to migrate.
        passed_by(answers)
        said = serving.run("migrate", expect=1).stderr
        assert said.count("\n") == 1
        assert "schema is next, which this version does not know" in said
        require_newest(serving.url("taizhang_ledger"))

        # One service after the other becomes the next version's, and this one's again; then the schema goes back.
        for code in (next_version, ROOT):
            assert serving.stop("worker") == 0
            serving.start("worker", code=code)
        serving.run("migrate", "--back", code=next_version)
        passed_by(answers)
    others = [line for line in serving.said("api").splitlines() if "batch_recorded" not in line]
    assert set(answers) == {httpx.codes.OK}, others
    serving.run("migrate")
    assert serving.run("verify").returncode == 0


def waiting(machine: Machine) -> set[str]:
    """What kinds of lock the owner, who migrates, waits for."""
    waits = "select wait_event from pg_stat_activity where usename = 'taizhang_owner' and wait_event_type = 'Lock'"
    return {kind for (kind,) in machine.query(waits)}


def passed_by(answers: list[int]) -> None:
    """Wait until both have been answered some more."""
    reached = len(answers) + 20
    wait_for(lambda: len(answers) >= reached, f"traffic stands still: {answers[-20:]}")


def test_a_service_starts_on_no_schema_that_it_is_too_new_for(serving: Machine) -> None:
    # None runs on one, either: they end before the schema goes back (docs/operate.md).
    for service in list(serving.services):
        assert serving.stop(service) == 0, serving.said(service)
    serving.run("migrate", "--back")
    try:
        said = serving.run("reporting", expect=1, role="taizhang_reporting").stderr
        assert said.count("\n") == 1
        assert "run `taizhang migrate` first" in said
    finally:
        serving.run("migrate")
