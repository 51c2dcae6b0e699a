"""Inspections: what the centre and the bureau plan and see; a school learns nothing of a visit before it has begun."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from shared.database import Visible, show
from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import MONDAY, S1, S2, session

VISIT = {
    "school_id": S1,
    "inspection_id": "v1",
    "kind": "unannounced",
    "date": MONDAY,
    "team": ["组员甲", "组员乙"],
    "checklist": [{"item": "ledger", "result": "完整"}],
    "observed": [
        {"session_id": "h1", "observed_headcount": 18, "staff_present": ["T1"]},
        {"slot": "s2", "room": "A4", "observed_headcount": 0, "staff_present": []},
    ],
    "conclusion": "第二时段未开课",
}
VISIT_AHEAD = {"school_id": S1, "inspection_id": "v9", "kind": "unannounced", "team": ["组员甲"]}


async def test_an_inspection_goes_through_its_life(school: District) -> None:
    change = {"conclusion": "第二时段已说明", "reason": "学校已说明"}
    await goes_through_its_life(school.bureau, "inspections", VISIT, change=change, path=f"{S1}/v1")


async def test_a_school_reads_its_own_visit_once_it_has_begun_and_writes_none(school: District) -> None:
    await school.bureau.post("inspections", VISIT)
    own, other = school.school(S1), school.school(S2)
    assert (await own.get(f"/v1/inspections/{S1}/v1"))["conclusion"] == "第二时段未开课"
    assert len((await own.get("/v1/inspections"))["items"]) == 1
    await own.post("inspections", VISIT, expect=403)
    for path in (
        f"/v1/inspections/{S1}/v1",
        f"/v1/inspections/{S1}/v1/revisions",
        f"/v1/inspections/{S1}/v1/reconciliation",
    ):
        await other.get(path, expect=404)
        await school.voice("centre", stage="junior").get(path, expect=404)
    assert (await other.get("/v1/inspections"))["items"] == []
    assert (await school.auditor.get(f"/v1/inspections/{S1}/v1"))["conclusion"] == "第二时段未开课"
    await school.auditor.post("inspections", VISIT, expect=403)
    await school.voice("centre", stage="junior").post("inspections", VISIT, expect=404)


def _today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


@pytest.fixture(params=["today", "in three days"])
def planned(request: pytest.FixtureRequest) -> dict[str, object]:
    """An unannounced visit that nobody has made yet."""
    days = 3 if request.param == "in three days" else 0
    day = (_today() + timedelta(days=days)).isoformat()
    return {"school_id": S1, "inspection_id": "v9", "kind": "unannounced", "date": day, "team": ["组员甲"]}


@pytest.mark.parametrize("planner", ["bureau", "centre"])
async def test_a_school_learns_nothing_of_a_visit_that_is_only_planned(
    school: District, planned: dict[str, object], planner: str
) -> None:
    office = school.bureau if planner == "bureau" else school.voice("centre", stage="primary")
    own = school.school(S1)
    before = await own.get(f"/v1/chains/{S1}"), await own.get("/v1/chains/district")
    receipt = await office.post("inspections", planned)
    assert [chain["school_id"] for chain in receipt["chains"]] == ["centre-primary"]
    for path in (
        f"/v1/inspections/{S1}/v9",
        f"/v1/inspections/{S1}/v9/revisions",
        f"/v1/inspections/{S1}/v9/reconciliation",
    ):
        await own.get(path, expect=404)
    assert (await own.get("/v1/inspections"))["items"] == []
    assert (await own.get("/v1/inspections", school_id="centre-primary"))["items"] == []
    # Neither its chain, nor the district's, nor the office's, nor the batch, nor the planned visits' own name tells it.
    assert (await own.get(f"/v1/chains/{S1}"), await own.get("/v1/chains/district")) == before
    await own.get("/v1/chains/centre-primary", expect=404)
    await own.get("/v1/chains/centre-primary/proof", batch_id=receipt["batch_id"], expect=404)
    await own.get(f"/v1/batches/{receipt['batch_id']}", expect=404)
    await own.get("/v1/planned-inspections", expect=404)
    for reader in (office, school.auditor, school.voice("centre", stage="primary")):
        assert (await reader.get(f"/v1/inspections/{S1}/v9"))["team"] == ["组员甲"]
        assert [each["inspection_id"] for each in (await reader.get("/v1/inspections", school_id=S1))["items"]] == [
            "v9"
        ]
    await school.voice("centre", stage="junior").get(f"/v1/inspections/{S1}/v9", expect=404)


async def test_the_database_itself_hides_a_planned_visit_from_the_school(school: District) -> None:
    day = (_today() + timedelta(days=1)).isoformat()
    await school.bureau.post("inspections", {**VISIT_AHEAD, "date": day})
    connection = await asyncpg.connect(school.database_url, server_settings={"role": "taizhang_ledger"})
    try:
        async with connection.transaction():
            await show(connection, Visible(schools=(S1,)))
            for table in ("entry", "chain_entry", "chain_head"):
                assert await connection.fetch(f"select from ledger.{table} where school_id like 'centre-%'") == []
            assert await connection.fetch("select from ledger.batch where resource = 'planned-inspections'") == []
    finally:
        await connection.close()


async def test_a_planned_visit_becomes_the_schools_when_the_inspectors_arrive(school: District) -> None:
    ahead = {**VISIT_AHEAD, "date": _today().isoformat()}
    await school.bureau.post("inspections", ahead)
    own = school.school(S1)
    await own.get(f"/v1/inspections/{S1}/v9", expect=404)
    arrived = {**ahead, "arrived_at": datetime.now(UTC).isoformat()}
    receipt = await school.bureau.post("inspections", arrived)
    assert [chain["school_id"] for chain in receipt["chains"]] == [S1]
    assert (await own.get(f"/v1/inspections/{S1}/v9"))["arrived_at"] is not None
    # Listed once; its history shows the office that it was planned, and the school only what became of it.
    assert len((await school.bureau.get("/v1/inspections"))["items"]) == 1
    assert len((await school.bureau.get(f"/v1/inspections/{S1}/v9/revisions"))["items"]) == 2
    assert len((await own.get(f"/v1/inspections/{S1}/v9/revisions"))["items"]) == 1


async def test_a_planned_visit_can_be_given_up_in_silence(school: District) -> None:
    await school.bureau.post("inspections", {**VISIT_AHEAD, "date": (_today() + timedelta(days=1)).isoformat()})
    before = await school.school(S1).get(f"/v1/chains/{S1}")
    await school.bureau.delete(f"/v1/inspections/{S1}/v9", reason="台风")
    await school.bureau.get(f"/v1/inspections/{S1}/v9", expect=404)
    assert await school.school(S1).get(f"/v1/chains/{S1}") == before


async def test_planned_and_begun_are_not_mixed_in_one_request(school: District) -> None:
    ahead = {**VISIT_AHEAD, "date": (_today() + timedelta(days=1)).isoformat()}
    problem = await school.bureau.post("inspections", VISIT, ahead, expect=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/1/date"]
    both = await school.bureau.post("inspections", VISIT, ahead, mode="partial")
    assert (both["created"], both["rejected"]) == (1, 1)


async def test_a_planned_visit_names_a_school_that_is_the_offices(school: District) -> None:
    ahead = {**VISIT_AHEAD, "date": (_today() + timedelta(days=1)).isoformat()}
    problem = await school.voice("centre", stage="junior").post("inspections", ahead, expect=404)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_school", "/0/school_id")
    problem = await school.bureau.post("inspections", {**ahead, "school_id": "3101159999"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_school", "/0/school_id")


@pytest.mark.parametrize("hours", [1, -48])
async def test_nobody_arrives_later_than_now_or_on_another_day(school: District, hours: int) -> None:
    arrived_at = datetime.now(UTC) + timedelta(hours=hours)
    visit = {**VISIT_AHEAD, "date": _today().isoformat(), "arrived_at": arrived_at.isoformat()}
    problem = await school.bureau.post("inspections", visit, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/arrived_at"


async def test_what_was_seen_stands_at_once_beside_the_ledger(school: District) -> None:
    await school.school(S1).post(
        "sessions",
        session("h1", headcount=24, staff={"T1": 1.5, "T2": 0.75}, room="A1"),
        session("h2", headcount=17, staff={"T3": 1.5}, room="A2"),
        session("h3", headcount=9, staff={"T4": 1.5}, room="A3"),
    )
    seen = [
        {"session_id": "h1", "observed_headcount": 19, "staff_present": ["T1", "T9"]},
        {"slot": "s1", "room": "A2", "observed_headcount": 17, "staff_present": ["T3"]},
        {"session_id": "h3", "observed_headcount": 9},
        {"slot": "s2", "room": "A7", "observed_headcount": 12, "staff_present": ["T5"]},
    ]
    receipt = await school.bureau.post("inspections", {**VISIT, "observed": seen})
    (found,) = receipt["reconciliations"]
    assert found == await school.bureau.get(f"/v1/inspections/{S1}/v1/reconciliation")
    first, second, third, fourth = found["observed"]
    assert (first["ledger"]["headcount"], first["seen"]["headcount"], first["headcount_difference"]) == (24, 19, -5)
    assert (first["staff_not_seen"], first["staff_not_in_ledger"], first["agrees"]) == (["T2"], ["T9"], False)
    assert (second["session_id"], second["headcount_difference"], second["agrees"]) == ("h2", 0, True)
    assert (third["staff_not_seen"], third["agrees"]) == (None, True)
    # What is taught and not in the ledger is no agreement either.
    assert (fourth["ledger"], fourth["headcount_difference"], fourth["agrees"]) == (None, None, False)
    # Two of the three items of 二(二), and what shows the first, are missing.
    assert found["missing_items"] == ["ledger", "collective_deliberation", "publication_procedure"]


async def test_the_three_items_of_the_notice_are_whole_with_result_and_evidence(school: District) -> None:
    items = ("ledger", "collective_deliberation", "publication_procedure")
    checklist = [{"item": item, "result": "规范", "evidence": ["照片1"]} for item in items]
    await school.bureau.post("inspections", {**VISIT, "checklist": checklist})
    assert (await school.bureau.get(f"/v1/inspections/{S1}/v1/reconciliation"))["missing_items"] == []
    await school.bureau.post("inspections", {**VISIT, "checklist": checklist[:2]})
    assert (await school.bureau.get(f"/v1/inspections/{S1}/v1/reconciliation"))["missing_items"] == [items[2]]


async def test_questionnaires_and_interviews_are_visits_with_results_of_their_own(school: District) -> None:
    asked = {"audience": "家长", "asked": 60, "answered": 48, "results": ["满意 41", "不满意 7"]}
    said = {"audience": "教师", "topic": "劳务费发放", "people": 5, "notes": "均按课时"}
    for kind, results in (("questionnaire", {"questionnaires": [asked]}), ("interview", {"interviews": [said]})):
        visit = {"school_id": S1, "inspection_id": kind, "kind": kind, "date": MONDAY, **results}
        await school.bureau.post("inspections", visit)
        kept = await school.auditor.get(f"/v1/inspections/{S1}/{kind}")
        assert {name: kept[name] for name in results} == results
    wrong = {**VISIT, "questionnaires": [{**asked, "answered": 61}]}
    problem = await school.bureau.post("inspections", wrong, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/questionnaires/0/answered"


async def test_a_visit_is_not_entered_before_its_day(school: District) -> None:
    """The school's chain would tell of it."""
    tomorrow = datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=1)
    ahead = {**VISIT, "date": tomorrow.isoformat(), "observed": []}
    problem = await school.bureau.post("inspections", ahead, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("invalid_value", "/0/date")


async def test_an_observed_session_can_be_found(school: District) -> None:
    wrong = {
        **VISIT,
        "observed": [{"room": "A4"}, {"slot": "s9", "room": "A4"}, {"session_id": "h1", "staff_present": ["T99"]}],
    }
    problem = await school.bureau.post("inspections", wrong, expect=422)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("missing_field", "/0/observed/0/session_id"),
        ("unknown_slot", "/0/observed/1/slot"),
        ("unknown_staff", "/0/observed/2/staff_present/0"),
    ]


async def test_a_visit_says_whose_it_is_and_what_shows_its_results(school: District) -> None:
    checked = [{"item": "ledger", "result": "完整", "evidence": ["台账抽页.pdf"]}]
    visit = {**VISIT, "office": "primary_centre", "campaign_id": "f1", "checklist": checked}
    await school.voice("centre", stage="primary").post("inspections", visit)
    kept = await school.auditor.get(f"/v1/inspections/{S1}/v1")
    assert (kept["office"], kept["checklist"][0]["evidence"]) == ("primary_centre", ["台账抽页.pdf"])
    await school.bureau.post("inspections", {**visit, "office": "parents"}, expect=422)
