"""Plans: one school, one plan a year, filed with the stage centre."""

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import PLAN as COMPLETE
from tests.world.procedure import PLAN_STORY, begin, deliberated, digest_of, lead, step
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


@pytest.mark.parametrize("name", ["implementation", "process", "safeguards", "groups", "schedule"])
async def test_a_plan_that_lacks_a_section_is_not_adopted(school: District, name: str) -> None:
    own = school.school(S1)
    await own.post("plans", {each: value for each, value in COMPLETE.items() if each != name})
    approval = await deliberated(own, "plans/n", kind="service_plan", held_on="2025-09-01", meeting="d-plan")
    problem = await step(own, "plans/n", "adopt", expect=409, **approval)
    assert "all there" in problem["detail"]


async def test_a_plan_that_the_school_did_not_adopt_as_it_is_now_is_not_filed(school: District) -> None:
    own = school.school(S1)
    await begin(school, PLAN_STORY)
    assert (await step(own, "plans/n", "file", expect=409))["code"] == "not_ready"
    adopted = {"deliberation_id": "d-plan", "content_hash": await digest_of(own, "plans/n"), "on": "2025-09-01"}
    await step(own, "plans/n", "adopt", **adopted)
    await own.post("plans", {**COMPLETE, "schedule": "16:00–18:00"})
    assert (await step(own, "plans/n", "file", expect=409))["code"] == "not_ready"


async def test_a_filed_plan_that_is_edited_is_filed_no_more(school: District) -> None:
    await lead(school, PLAN_STORY, to="approved")
    own, centre = school.school(S1), school.voice("centre", stage="primary")
    approved = await own.get("/v1/plans/n")
    await own.post("plans", {**COMPLETE, "schedule": "16:00–18:00", "submitted_on": approved["submitted_on"]})
    now = await own.get("/v1/plans/n")
    assert now["state"] == "draft"
    problem = await step(centre, "plans/n", "approve", expect=409, content_hash=now["content_digest"])
    assert problem["code"] == "no_such_transition"


async def test_no_plan_is_superseded_by_one_that_nobody_approved(school: District) -> None:
    await lead(school, PLAN_STORY, to="approved")
    own = school.school(S1)
    await own.post("plans", {**COMPLETE, "plan_id": "n3"})
    for other in ("n3", "n", "nowhere"):
        problem = await step(own, "plans/n", "supersede", expect=409, superseded_by=other)
        assert problem["code"] == "not_ready"


async def test_a_plan_is_approved_by_nobody_of_the_school(school: District) -> None:
    await lead(school, PLAN_STORY, to="filed")
    centre = school.voice("centre", stage="primary")
    content_hash = await digest_of(centre, "plans/n")
    problem = await step(centre, "plans/n", "approve", expect=403, content_hash=content_hash, reviewed_by="T1")
    assert problem["code"] == "own_work"
    problem = await step(school.school(S1), "plans/n", "approve", expect=403, content_hash=content_hash)
    assert problem["code"] == "not_theirs_to_decide"
