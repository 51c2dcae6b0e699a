"""Production as deploy/ lays it out: own PostgreSQL and Redis, three services as processes and roles, one owner who migrates."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.deploy.conftest import ROLES, Machine, wait_for
from tests.world.standard import S1, TERM, school_of, session, slot_of, staff_of


@pytest.fixture(scope="module")
def serving(machine: Machine) -> Iterator[Machine]:
    """The machine with its services running."""
    for service in ROLES:
        machine.start(service)
    yield machine
    for service in list(machine.services):
        assert machine.stop(service) == 0, machine.said(service)


def test_a_session_is_posted_flagged_and_reported(serving: Machine) -> None:
    ledger, reporting = serving.address("api"), serving.address("reporting")
    bureau, school = serving.client("--kind", "bureau"), serving.client("--kind", "school", "--school", S1)
    for client, resource, record in (
        (bureau, "schools", school_of(S1, "primary")),
        (bureau, "terms", {"term_id": TERM, "starts_on": "2025-09-01", "ends_on": "2026-01-30"}),
        (school, "slots", slot_of(S1, "s1")),
        (school, "staff", staff_of(S1, "T1")),
        # Class hours for a session to which nobody came.
        (school, "sessions", session("nobody", headcount=0, staff={"T1": 1.25})),
    ):
        answer = client.post(f"{ledger}/v1/{resource}", json=[record])
        assert answer.status_code == httpx.codes.OK, answer.text

    def flagged() -> bool:
        found = bureau.get(f"{reporting}/v1/findings", params={"rule": "A12"}).json()["items"]
        return [each["subject"] for each in found] == ["nobody"]

    wait_for(flagged, serving.said("worker"))
    report = school.get(f"{reporting}/v1/reports/workload", params={"school_id": S1, "term_id": TERM})
    assert report.status_code == httpx.codes.OK, report.text
    assert '"T1"' in report.text
    assert serving.run("verify").returncode == 0


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
    ("taizhang_reporting", "create table public.mine (row integer)"),
    ("taizhang_owner", "set role postgres"),
    ("taizhang_owner", "delete from ledger.chain_entry where ledger.set_off(school_id)"),
]


@pytest.mark.parametrize(("role", "statement"), FORBIDDEN[:-1])
def test_no_role_does_what_another_is_for(serving: Machine, role: str, statement: str) -> None:
    with psycopg.connect(serving.url(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_nobody_comes_in_without_a_password_or_as_the_superuser(serving: Machine) -> None:
    for role in ("postgres", "taizhang_ledger"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(f"postgresql://{role}:guess@127.0.0.1:{serving.port}/taizhang")


def test_no_role_is_a_superuser_or_passes_by_row_level_security(serving: Machine) -> None:
    roles = serving.query(
        "select rolname from pg_roles where rolname like 'taizhang%' and not rolsuper and not rolbypassrls and not rolcreaterole"
    )
    assert {row[0] for row in roles} == {"taizhang_owner", *ROLES.values()}


def test_a_service_that_is_asked_to_end_ends_and_comes_back(serving: Machine) -> None:
    for service in ROLES:
        assert serving.stop(service) == 0, serving.said(service)
        assert f'"{ {"api": "ledger_api", "worker": "audit_worker"}.get(service, service)}_stopped"' in serving.said(service)
        serving.start(service)


def test_a_service_starts_on_no_schema_that_it_is_too_new_for(serving: Machine) -> None:
    serving.run("migrate", "--back")
    try:
        for service in ROLES:
            said = serving.run(service, expect=1, role=ROLES[service]).stderr
            assert said.count("\n") == 1
            assert "taizhang migrate" in said or "TAIZHANG_REDIS_URL" in said
    finally:
        serving.run("migrate")
