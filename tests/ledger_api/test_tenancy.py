"""Tenancy: a school sees its own, a centre its stage, bureau and auditor the district; in the database as in the code."""

import asyncpg
import pytest

from services.cli.clients import create_client
from shared.database import Visible, open_pool, reading, show
from shared.vocabulary import ClientKind
from tests.world.district import District
from tests.world.standard import MONDAY, S1, S2, TERM, duty, school_of, session, sheet, slot_of

WRITER_OF = {"taizhang_ledger": "ledger", "taizhang_audit": "audit"}
ROLES = ("taizhang_ledger", "taizhang_audit", "taizhang_reporting")
# The rows that move, named in ARCHITECTURE: a chain's head, the outbox, API clients, subscriptions.
MAY_CHANGE = {
    ("taizhang_ledger", "ledger.chain_head", "UPDATE"),
    ("taizhang_ledger", "ledger.api_client", "UPDATE"),
    ("taizhang_ledger", "ledger.subscription", "UPDATE"),
    # A link that has let somebody in is used up.
    ("taizhang_ledger", "ledger.sign_in_link", "DELETE"),
    ("taizhang_audit", "ledger.outbox", "UPDATE"),
    ("taizhang_audit", "ledger.outbox", "DELETE"),
}


async def test_each_sees_what_is_theirs(school: District) -> None:
    await school.school(S1, S2).post("sessions", session(), session(school_id=S2, staff={"U1": 1}))
    seen = {
        "first school": school.school(S1),
        "second school": school.school(S2),
        "primary centre": school.voice("centre", stage="primary"),
        "junior centre": school.voice("centre", stage="junior"),
        "bureau": school.bureau,
        "auditor": school.auditor,
    }
    found = {
        who: {item["school_id"] for item in (await voice.report("/v1/ledger/sessions"))["items"]}
        for who, voice in seen.items()
    }
    assert found == {
        "first school": {S1},
        "second school": {S2},
        "primary centre": {S1},
        "junior centre": {S2},
        "bureau": {S1, S2},
        "auditor": {S1, S2},
    }


async def test_somebody_elses_record_is_404(school: District) -> None:
    await school.school(S1).post("sessions", session())
    await school.school(S1).post("attendance", sheet())
    stranger = school.school(S2)
    for path in (f"/v1/sessions/{S1}/h1", f"/v1/attendance/{S1}/h1", f"/v1/schools/{S1}", "/v1/staff/T1"):
        await stranger.get(path, expect=404)
    await stranger.delete(f"/v1/sessions/{S1}/h1", reason="nothing to do with me", expect=404)
    await stranger.report("/v1/reports/workload", school_id=S1, month="2025-09", expect=404)


async def test_a_batch_of_several_schools_hides_none_of_its_records_from_their_own(school: District) -> None:
    """A vendor posts for many schools at once; a nine-year school's centres, and each school, see their part."""
    receipt = await school.school(S1, S2).post("sessions", session(), session("u1", school_id=S2, staff={"U1": 1}))
    await school.school(S1, S2).post("duties", duty(), duty("d2", "U1", school_id=S2))
    for voice in (school.school(S1), school.voice("centre", stage="primary")):
        assert (await voice.get(f"/v1/sessions/{S1}/h1"))["headcount"] == 20
        assert len((await voice.get(f"/v1/duties/{S1}/d1/revisions"))["items"]) == 1
        batch = await voice.get(f"/v1/batches/{receipt['batch_id']}")
        assert [each["school_id"] for each in batch["chains"]] == [S1]
        assert (await voice.get(f"/v1/chains/{S1}/proof", batch_id=receipt["batch_id"]))["records"]
        await voice.get(f"/v1/chains/{S2}/proof", batch_id=receipt["batch_id"], expect=404)
        await voice.get(f"/v1/sessions/{S2}/u1", expect=404)


async def test_both_stage_centres_see_a_nine_year_school(school: District) -> None:
    await school.school(S1).post("schools", {**school_of(S1, "primary"), "stages": ["primary", "junior"]})
    await school.school(S1).post("sessions", session())
    for stage in ("primary", "junior"):
        centre = school.voice("centre", stage=stage)
        assert (await centre.get(f"/v1/sessions/{S1}/h1"))["school_id"] == S1
        assert S1 in {item["school_id"] for item in (await centre.get("/v1/schools"))["items"]}


async def test_a_sandbox_works_and_no_report_counts_it(school: District) -> None:
    client = create_client(school.database_url, kind="sandbox")
    (made_up,) = client.schools
    sandbox = school.voice("sandbox", schools=client.schools)
    await sandbox.post("schools", school_of(made_up, "primary"))
    await sandbox.post("slots", slot_of(made_up, "s1"))
    await sandbox.post("staff", {"staff_id": "sandbox-T1", "school_id": made_up, "kind": "employee"})
    # Far more class hours than the slot has minutes for: a finding, were it real.
    receipt = await sandbox.post("sessions", session(school_id=made_up, staff={"sandbox-T1": 20}))
    await school.audit()
    assert (await sandbox.get(f"/v1/sessions/{made_up}/h1"))["revision"] == 1
    assert {each["school_id"] for each in await sandbox.findings()} == {made_up}
    for voice in (school.bureau, school.auditor, school.voice("centre", stage="primary")):
        await voice.get(f"/v1/sessions/{made_up}/h1", expect=404)
        await voice.get(f"/v1/schools/{made_up}", expect=404)
        await voice.get(f"/v1/batches/{receipt['batch_id']}", expect=404)
        assert made_up not in str((await voice.get("/v1/staff", limit="1000"))["items"])
        assert made_up not in str(await voice.findings())
        assert made_up not in str((await voice.report("/v1/ledger/sessions"))["items"])
    await school.bureau.post("schools", school_of(made_up, "primary"), expect=404)


@pytest.mark.parametrize(
    ("kind", "school_id"), [("sandbox", S1), ("school", "9999900001"), ("school", "31"), ("school", "x")]
)
def test_only_a_sandbox_client_has_a_made_up_school(database_url: str, kind: ClientKind, school_id: str) -> None:
    with pytest.raises(ValueError, match=school_id):
        create_client(database_url, kind=kind, schools=[school_id])


async def test_the_database_itself_shows_nothing_to_who_names_nothing(school: District) -> None:
    await school.school(S1).post("sessions", session())
    async with await open_pool(school.database_url, role="taizhang_reporting", size=2) as pool:
        assert await pool.fetch("select from ledger.session_revision") == []
        async with reading(pool, Visible(schools=(S2,))) as connection:
            assert await connection.fetch("select from ledger.session_revision") == []
        async with reading(pool, Visible(schools=(S1,))) as connection:
            assert len(await connection.fetch("select from ledger.session_revision")) == 1


@pytest.mark.parametrize("role", ROLES)
async def test_no_service_can_update_or_delete_a_fact(school: District, role: str) -> None:
    await school.school(S1).post("sessions", session())
    await school.school(S1).post("attendance", sheet())
    connection = await asyncpg.connect(school.database_url, server_settings={"role": role})
    try:
        await connection.execute("select set_config('taizhang.district', 'on', false)")
        tables = await school.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'ledger'"
        )
        assert len(tables) > 10
        for table in (row["name"] for row in tables):
            for verb, statement in (
                ("UPDATE", f"update {table} set {await _a_column(school, table)} = default"),
                ("DELETE", f"delete from {table}"),
                ("TRUNCATE", f"truncate {table}"),
            ):
                if (role, table, verb) not in MAY_CHANGE:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(statement)
    finally:
        await connection.close()


async def _a_column(school: District, table: str) -> str:
    (row,) = await school.fetch(
        "select attname from pg_attribute where attrelid = $1::text::regclass and attnum = 1", table
    )
    name: str = row["attname"]
    return name


async def test_one_writer_a_schema(school: District) -> None:
    granted = await school.fetch(
        """
        select grantee, table_schema as schema, table_name as name, privilege_type as verb
        from information_schema.role_table_grants
        where grantee = any($1) and table_schema in ('ledger', 'audit') and privilege_type <> 'SELECT'
        """,
        list(ROLES),
    )
    foreign = {
        (row["grantee"], f"{row['schema']}.{row['name']}", row["verb"])
        for row in granted
        if WRITER_OF.get(row["grantee"]) != row["schema"]
    }
    assert foreign <= MAY_CHANGE


async def test_every_table_of_a_schools_data_has_row_security(school: District) -> None:
    bare = await school.fetch(
        """
        select class.oid::regclass::text as name
        from pg_class as class
        inner join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attname = 'school_id'
        where class.relnamespace in ('ledger'::regnamespace, 'audit'::regnamespace)
            and class.relkind in ('r', 'p') and not class.relispartition and not class.relrowsecurity
        """
    )
    assert bare == []


VISIT = {"school_id": S1, "inspection_id": "v1", "kind": "spot_check", "date": MONDAY, "conclusion": "正常"}
DECISION = {
    "school_id": S1, "review_id": "r1", "submission_id": "autumn", "decision": "accepted", "reviewed_on": "2026-02-20",
}  # fmt: skip


async def test_a_stage_centre_writes_of_the_schools_of_its_stage_and_of_no_other(school: District) -> None:
    centre = school.voice("centre", stage="primary")
    await centre.post("inspections", VISIT)
    await centre.post("reviews", DECISION)
    assert (await school.school(S1).get(f"/v1/reviews/{S1}/r1"))["decision"] == "accepted"
    for stranger in (VISIT, {**VISIT, "inspection_id": "v2"}):
        problem = await centre.post("inspections", {**stranger, "school_id": S2}, expect=404)
        assert problem["errors"][0]["code"] == "unknown_school"
    await school.voice("centre", stage="junior").post("reviews", DECISION, expect=404)
    await school.voice("centre", stage="junior").delete(f"/v1/inspections/{S1}/v1", reason="误录", expect=404)
    await centre.delete(f"/v1/inspections/{S1}/v1", reason="误录")


async def test_a_batch_with_one_school_of_another_stage_lands_nowhere(school: District) -> None:
    centre = school.voice("centre", stage="primary")
    problem = await centre.post("inspections", VISIT, {**VISIT, "school_id": S2, "inspection_id": "v2"}, expect=404)
    assert problem["errors"][0]["pointer"] == "/1/school_id"
    assert await school.fetch("select from ledger.entry where resource = 'inspections'") == []


async def test_a_stage_centre_never_writes_the_schools_own_ledger(school: District) -> None:
    await school.school(S1).post("sessions", session())
    centre = school.voice("centre", stage="primary")
    for resource, record in (
        ("sessions", session("h2")),
        ("attendance", sheet()),
        ("duties", duty()),
        ("days", {"school_id": S1, "service_date": MONDAY, "state": "closed"}),
        ("submissions", {"school_id": S1, "submission_id": "s", "term_id": TERM, "lines": []}),
        ("schools", school_of(S1, "primary")),
        ("terms", {"term_id": TERM, "starts_on": "2025-09-01", "ends_on": "2026-01-29"}),
    ):
        problem = await centre.post(resource, record, expect=403)
        assert problem["code"] == "missing_scope"
    await centre.delete(f"/v1/sessions/{S1}/h1", reason="误录", expect=403)


async def test_both_stage_centres_write_of_a_nine_year_school(school: District) -> None:
    await school.school(S1).post("schools", {**school_of(S1, "primary"), "stages": ["primary", "junior"]})
    for stage in ("primary", "junior"):
        await school.voice("centre", stage=stage).post("inspections", {**VISIT, "inspection_id": stage})
    # Once it has but one stage, the other stage's centre has no more to do with it.
    await school.school(S1).post("schools", {**school_of(S1, "primary"), "stages": ["junior"]})
    await school.voice("centre", stage="primary").post("inspections", VISIT, expect=404)


async def test_no_school_reads_what_a_stage_centre_was_turned_away_for(school: District) -> None:
    centre = school.voice("centre", stage="primary")
    wrong = {**VISIT, "inspection_id": "v2", "observed": [{"room": "A4"}]}
    receipt = await centre.post("inspections", VISIT, wrong, mode="partial")
    assert (receipt["created"], receipt["rejected"]) == (1, 1)
    path = f"/v1/batches/{receipt['batch_id']}/rejections"
    assert [item["place"] for item in (await centre.get(path))["items"]] == [1]
    for voice in (school.school(S1), school.voice("centre", stage="junior")):
        assert (await voice.send("GET", path)).json().get("items", []) == []


async def test_the_database_takes_from_a_stage_centre_what_is_of_its_stage_alone(school: District) -> None:
    """Whatever the code does: row security knows the schools that a centre was shown."""
    insert = """
        insert into ledger.entry (school_id, resource, key, revision, state, content, digest, batch_id, recorded_at)
        values ($1, 'reviews', 'r', 1, 'recorded', '{}', '', gen_random_uuid(), now())
    """
    async with await open_pool(school.database_url, role="taizhang_ledger", size=2) as pool, pool.acquire() as own:
        for school_id, taken in ((S1, True), (S2, False), ("district", False)):
            transaction = own.transaction()
            await transaction.start()
            await show(own, Visible(stage="primary"))
            if taken:
                await own.execute(insert, school_id)
            else:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await own.execute(insert, school_id)
            await transaction.rollback()
