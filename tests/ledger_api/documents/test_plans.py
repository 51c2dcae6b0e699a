"""Plans: one school, one plan a year, filed with the stage centre."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1

PLAN = {
    "school_id": S1,
    "plan_id": "2025",
    "academic_year": "2025-2026",
    "implementation": "每天三个时段",
    "process": "申请、编班、考勤、公示",
    "safeguards": "安全值班",
    "schedule": "课后服务安排表",
    "adopted_on": "2025-09-03",
    "submitted_on": "2025-09-12",
}


async def test_a_plan_goes_through_its_life(school: District) -> None:
    change = {"version": 2, "submitted_on": "2025-09-19", "reason": "按意见修改"}
    await goes_through_its_life(school.school(S1), "plans", PLAN, change=change, path=f"{S1}/2025")


async def test_a_plan_is_adopted_before_it_is_submitted_and_is_the_schools_to_write(school: District) -> None:
    problem = await school.school(S1).post("plans", {**PLAN, "adopted_on": "2025-09-13"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("ends_before_it_starts", "/0/submitted_on")
    await school.voice("centre", stage="primary").post("plans", PLAN, expect=403)
