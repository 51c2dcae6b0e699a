"""`taizhang verify` finds whatever a superuser with psql changed, dropped, added or put in another order."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.cli.progress import progress_bar
from services.cli.verify import Verified, verify_ledger
from tests.world.district import District
from tests.world.standard import MONDAY, PLAN, S1, S2, TUESDAY, duty, session, sheet

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def recorded(school: District) -> District:
    """Two schools with a record of every kind, corrected, moved and taken back."""
    both = school.school(S1, S2)
    odd = [{"staff_id": "T1", "role": "lead", "class_hours": "1.50", "share": 0.50, "replaces": "T2"}]
    await both.post("sessions", session(), session("h2", staff=odd), session("u", school_id=S2, staff={"U1": 1}))
    await both.post("attendance", sheet(present=["P2", "P1"], late=["P9"], taken_by="T1"), sheet("h2", present=[]))
    await both.post(
        "attendance",
        {"school_id": S1, "session_id": "h1", "service_date": MONDAY, "student_id": "P3", "status": "absent"},
    )
    await both.post("sessions", session(headcount=3, reason='改正 "人数"\n第二行'))
    await both.post("sessions", session(service_date=TUESDAY))
    await both.post("duties", duty(note="门岗", class_hours=0.75))
    await both.post("allocation-plans", {**PLAN, "version": "v2", "factors": {"role": {"assistant": 0.60}}})
    await both.delete(f"/v1/sessions/{S1}/h2", reason="重复")
    await both.delete(f"/v1/attendance/{S1}/h2", reason="重复")
    return school


async def _verified(district: District) -> list[Verified]:
    return await verify_ledger(district.database_url, None, progress_bar)


async def _tamper(district: District, *statements: str) -> None:
    """As a superuser would, foreign keys, triggers and policies or not."""
    connection = await asyncpg.connect(district.database_url)
    try:
        async with connection.transaction():
            for statement in statements:
                assert (await connection.execute(statement)).split()[-1] != "0", f"nothing was changed by {statement}"
    finally:
        await connection.close()


async def test_what_nobody_touched_holds(recorded: District) -> None:
    verified = await _verified(recorded)
    assert [each.broken for each in verified] == [None] * len(verified)
    assert {each.school_id for each in verified} == {S1, S2, "district", "bureau", "centre-primary", "centre-junior"}
    (rows,) = await recorded.fetch(
        "select (select count(*) from ledger.session_revision) + (select count(*) from ledger.attendance_revision) "
        "+ (select count(*) from ledger.entry) as records"
    )
    assert sum(each.records for each in verified) == rows["records"]


H1 = f"school_id = '{S1}' and session_id = 'h1'"
TAMPERINGS: dict[str, tuple[str, ...]] = {
    "a headcount": (f"update ledger.session_revision set headcount = 30 where {H1} and revision = 2",),
    "class hours": (f"update ledger.session_revision set staff_class_hours_hundredths = '{{999}}' where {H1} and revision = 1",),
    "who stood in": ("update ledger.session_revision set staff_replaces = '{T5}' where session_id = 'h2' and revision = 1",),
    "a pupil in a roll": (f"update ledger.attendance_revision set present = present || 77 where {H1} and revision = 1",),
    "a duty's content": ("update ledger.entry set content = content || '{\"class_hours\": 9}' where resource = 'duties'",),
    "a reason": (f"update ledger.session_revision set reason = '无' where {H1} and revision = 2",),
    "a digest with its content": (
        "update ledger.entry set content = content || '{\"note\": \"x\"}', digest = sha256('x') where resource = 'duties'",
    ),
    "a state": ("update ledger.session_revision set state = 'cancelled' where session_id = 'u'",),
    "a dropped revision": (f"delete from ledger.session_revision where {H1} and revision = 2",),
    "a dropped roll": (f"delete from ledger.attendance_revision where {H1}",),
    "a dropped entry": ("delete from ledger.entry where resource = 'duties'",),
    "a dropped batch": ("delete from ledger.batch where resource = 'duties'",),
    "a dropped link": (f"delete from ledger.chain_entry where school_id = '{S1}' and seq = 3",),
    "the last link dropped": (
        f"delete from ledger.chain_entry where school_id = '{S1}' and seq = (select max(seq) from ledger.chain_entry where school_id = '{S1}')",
    ),
    "an added session": (
        f"insert into ledger.session_revision select * from (select (jsonb_populate_record(row, '{{\"session_id\": \"h9\"}}')).* from ledger.session_revision as row where {H1} and revision = 1) as copied",
    ),
    "an added entry of a batch of its own": (
        "insert into ledger.entry select school_id, resource, 'd9', revision, service_date, state, content, digest, reason, gen_random_uuid(), recorded_at from ledger.entry where resource = 'duties'",
    ),
    "two links in another order": (
        f"update ledger.chain_entry set seq = -seq where school_id = '{S1}' and seq in (2, 3)",
        f"update ledger.chain_entry set seq = 5 + seq where school_id = '{S1}' and seq < 0",
    ),
    "who sent a batch": ("update ledger.batch set client_id = 'somebody' where resource = 'duties'",),
    "when a batch was recorded": (
        "update ledger.chain_entry set recorded_at = recorded_at - interval '1 day' where resource = 'duties'",
    ),
    "two rows of another's batch": (
        f"update ledger.session_revision set batch_id = (select batch_id from ledger.session_revision where {H1} and revision = 2) where session_id = 'h2' and revision = 1",
        f"update ledger.session_revision set batch_id = (select batch_id from ledger.session_revision where session_id = 'u') where {H1} and revision = 2",
    ),
    "a batch that nobody sent": (
        "insert into ledger.batch select gen_random_uuid(), client_id, resource, schools, body_digest, received, created, revised, unchanged, request_id, recorded_at from ledger.batch where resource = 'duties'",
    ),
    "a school that nobody registered": (
        "insert into ledger.session_revision select (jsonb_populate_record(row, '{\"school_id\": \"3101159999\"}')).* from ledger.session_revision as row where session_id = 'u'",
    ),
    "a person that nobody registered": (f"insert into ledger.person (resource, person_id, school_id) values ('staff', 'T99', '{S1}')",),
    "a person that is gone": ("delete from ledger.person where person_id = 'T1'",),
    "a head": (f"update ledger.chain_head set head = sha256('x') where school_id = '{S1}'",),
    "a head that is gone": (f"delete from ledger.chain_head where school_id = '{S1}'",),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_a_tampered_ledger_is_found_out(recorded: District, what: str) -> None:
    await _tamper(recorded, *TAMPERINGS[what])
    broken = [each.broken for each in await _verified(recorded) if each.broken is not None]
    assert broken, f"{what} was not found"
    assert {each.school_id for each in broken} <= {S1, S2, "3101159999"}


# Of every type that a column of facts has, another value than the one there.
ANOTHER = {
    "text": "coalesce({0}, '') || 'x'",
    "integer": "coalesce({0}, 0) + 100",
    "smallint": "coalesce({0}, 0) + 100",
    "bigint": "{0} + 100",
    "bytea": "sha256('x')",
    "date": "coalesce({0}, '2025-09-08') + 1",
    "time without time zone": "coalesce({0}, '15:30') + interval '1 second'",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 second'",
    "uuid": "gen_random_uuid()",
    "jsonb": "{0} || '{{\"x\": 1}}'",
    "text[]": "coalesce({0}, '{{}}') || 'x'::text",
    "integer[]": "coalesce({0}, '{{}}') || 7",
    "numeric[]": "coalesce({0}, '{{}}') || 0.25",
}
# Where a table takes only a few words.
ANOTHER_WORD = {
    "session_revision.state": "case {0} when 'held' then 'cancelled' else 'held' end",
    "attendance_revision.state": "case {0} when 'void' then 'recorded' else 'void' end",
    "entry.state": "'void'",
    "person.resource": "'students'",
}
# The rows that are tried, column by column: of every table of facts, of every state a row can be in.
ROWS = {
    "session_revision": ("state = 'held' and revision = 2", "state = 'moved'", "state = 'void'"),
    "attendance_revision": ("state = 'recorded' and revision = 1", "state = 'void'"),
    "entry": (
        "resource = 'duties'",
        "resource = 'staff' and key = 'T1'",
        "resource = 'students' and key = 'P1'",
        "resource = 'terms'",
    ),
    "batch": ("resource = 'duties'", "cardinality(schools) > 1", "body_digest is null"),
    "chain_entry": ("resource = 'duties'",),
    "chain_head": (f"school_id = '{S1}'",),
    "person": ("person_id = 'T1'",),
}
# No facts: a counter that tells caches when to read again; a number that its table makes up (tested below).
NO_FACTS = {("chain_head", "roll_version"), ("chain_head", "sealed_to"), ("person", "number")}


@pytest.mark.parametrize(("table", "condition"), [(table, each) for table in ROWS for each in ROWS[table]])
async def test_no_column_of_a_fact_can_be_changed_unseen(recorded: District, table: str, condition: str) -> None:
    columns = await recorded.fetch(
        "select attname as name, format_type(atttypid, null) as type from pg_attribute "
        "where attrelid = $1::text::regclass and attnum > 0 and not attisdropped",
        f"ledger.{table}",
    )
    for name, kind in ((column["name"], column["type"]) for column in columns):
        if (table, name) in NO_FACTS:
            continue
        another = ANOTHER_WORD.get(f"{table}.{name}", ANOTHER[kind]).format(f"row.{name}")
        one = f"select tableoid, ctid, {name}::text as was from ledger.{table} where {condition} limit 1"
        (changed,) = await recorded.fetch(
            f"with one as ({one}) update ledger.{table} as row set {name} = {another} from one "
            "where (row.tableoid, row.ctid) = (one.tableoid, one.ctid) returning row.tableoid, row.ctid, one.was"
        )
        assert any(each.broken for each in await _verified(recorded)), f"{table}.{name} where {condition}"
        await recorded.fetch(
            f"update ledger.{table} set {name} = $1::text::{kind} where (tableoid, ctid) = ($2, $3)",
            changed["was"],
            changed["tableoid"],
            changed["ctid"],
        )
    assert not any(each.broken for each in await _verified(recorded))


async def test_two_pupils_whose_numbers_were_exchanged_are_found_out(recorded: District) -> None:
    numbers: dict[str, Any] = {
        row["person_id"]: row["number"]
        for row in await recorded.fetch("select person_id, number from ledger.person where person_id in ('P1', 'P2')")
    }
    connection = await asyncpg.connect(recorded.database_url)
    await connection.execute("alter table ledger.person alter number set generated by default")
    for person_id, number in (("P1", -1), ("P2", numbers["P1"]), ("P1", numbers["P2"])):
        await connection.execute("update ledger.person set number = $2 where person_id = $1", person_id, number)
    await connection.close()
    (broken,) = [each.broken for each in await _verified(recorded) if each.broken is not None]
    assert broken.school_id == S1


async def test_the_command_says_where_and_ends_with_one(recorded: District, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"TAIZHANG_DATABASE_URL": recorded.database_url, "TAIZHANG_REDIS_URL": "unix:///nowhere"}
        return subprocess.run(
            [sys.executable, "-m", "services.cli.main", "verify", *arguments],
            env={"PYTHONPATH": str(ROOT), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    whole = run()
    assert (whole.returncode, json.loads(whole.stdout)["broken_schools"]) == (0, 0)
    await _tamper(recorded, *TAMPERINGS["a headcount"])
    found = run("--school", S1)
    assert found.returncode == 1
    broken = json.loads(found.stdout.splitlines()[0])["broken"]
    assert (broken["school_id"], broken["record"]) == (S1, "h1#2")
    assert run("--school", S2).returncode == 0
    assert run("--school", "3101159999").returncode == 1


async def test_what_a_whole_verification_came_to_is_kept(school: District) -> None:
    verified = await verify_ledger(school.database_url, None, progress_bar)
    await verify_ledger(school.database_url, S1, progress_bar)
    kept = await school.fetch("select schools, broken_schools from audit.verification")
    assert kept == [{"schools": len(verified), "broken_schools": 0}]
