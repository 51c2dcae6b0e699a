"""Inspections: what the centre and the bureau enter of their visits, and no school reads."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import MONDAY, S1

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


async def test_an_inspection_goes_through_its_life(school: District) -> None:
    change = {"conclusion": "第二时段已说明", "reason": "学校已说明"}
    await goes_through_its_life(school.bureau, "inspections", VISIT, change=change, path=f"{S1}/v1")


async def test_no_school_reads_or_writes_an_inspection_and_the_auditor_reads_it(school: District) -> None:
    await school.bureau.post("inspections", VISIT)
    own = school.school(S1)
    await own.get(f"/v1/inspections/{S1}/v1", expect=404)
    await own.get(f"/v1/inspections/{S1}/v1/revisions", expect=404)
    await own.get("/v1/inspections", expect=404)
    await own.post("inspections", VISIT, expect=403)
    assert (await school.auditor.get(f"/v1/inspections/{S1}/v1"))["conclusion"] == "第二时段未开课"


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
