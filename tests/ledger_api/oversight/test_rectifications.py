"""Rectifications: demanded by those who oversee, read by the school, with every step of their life."""

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import RECTIFICATION_STORY, lead, step
from tests.world.standard import S1, S2

DEMAND = {
    "school_id": S1,
    "rectification_id": "x1",
    "source": "inspection",
    "source_id": "v1",
    "issue": "台账缺失",
    "demand": "补齐九月台账",
    "demanded_on": "2025-10-09",
    "demanded_by": "C1",
    "due_on": "2025-10-23",
    "extensions": [{"granted_on": "2025-10-20", "due_on": "2025-10-30", "why": "系统升级"}],
    "answers": [
        {"answered_on": "2025-10-22", "answered_by": "T9", "evidence": ["台账.xlsx"], "checked_on": "2025-10-24", "accepted": False},
        {"answered_on": "2025-10-28", "answered_by": "T9", "text": "已补记"},
    ],
}  # fmt: skip


async def test_a_rectification_goes_through_its_life(school: District) -> None:
    checked = {**DEMAND["answers"][1], "checked_on": "2025-10-29", "checked_by": "C2", "accepted": True}  # type: ignore[index]
    change = {"answers": [DEMAND["answers"][0], checked], "reason": "复查通过"}  # type: ignore[index]
    centre = school.voice("centre", stage="primary")
    await goes_through_its_life(centre, "rectifications", DEMAND, change=change, path=f"{S1}/x1")


async def test_a_school_reads_its_own_demand_and_demands_nothing(school: District) -> None:
    await school.bureau.post("rectifications", DEMAND)
    assert (await school.school(S1).get(f"/v1/rectifications/{S1}/x1"))["demand"] == "补齐九月台账"
    await school.school(S2).get(f"/v1/rectifications/{S1}/x1", expect=404)
    await school.school(S1).post("rectifications", DEMAND, expect=403)


async def test_a_demand_has_time_and_a_check_has_its_day(school: District) -> None:
    wrong = {**DEMAND, "due_on": "2025-10-08", "answers": [{"answered_on": "2025-10-22", "accepted": True}]}
    problem = await school.bureau.post("rectifications", wrong, expect=422)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("ends_before_it_starts", "/0/due_on"),
        ("missing_field", "/0/answers/0/checked_on"),
    ]


async def test_nobody_verifies_what_they_answered_themselves(school: District) -> None:
    await lead(school, RECTIFICATION_STORY, to="answered")
    centre = school.voice("centre", stage="primary")
    for name, facts in (("verify", {}), ("reject", {"note": "不符"})):
        problem = await step(centre, "rectifications/x", name, expect=403, checked_by="T9", **facts)
        assert problem["code"] == "own_work"
        problem = await step(school.school(S1), "rectifications/x", name, expect=403, checked_by="li", **facts)
        assert problem["code"] == "not_theirs_to_decide"
    assert (await step(centre, "rectifications/x", "verify", checked_by="li", on="2025-10-15"))["state"] == "verified"


@pytest.mark.parametrize("who", ["centre", "bureau"])
async def test_what_somebody_verified_themselves_is_not_taken_from_any_system(school: District, who: str) -> None:
    office = school.bureau if who == "bureau" else school.voice("centre", stage="primary")
    own_work = {"answered_on": "2025-10-28", "answered_by": "T9", "checked_on": "2025-10-29", "checked_by": "T9"}
    for accepted in (True, False):
        wrong = {**DEMAND, "answers": [{**own_work, "accepted": accepted}]}
        problem = await office.post("rectifications", {**DEMAND, "rectification_id": "x2"}, wrong, expect=403)
        assert problem["code"] == "own_work"
        assert "who checks is not who answered" in problem["detail"]
    assert (await office.get("/v1/rectifications"))["items"] == []


async def test_an_answer_shows_something_for_itself(school: District) -> None:
    await lead(school, RECTIFICATION_STORY, to="demanded")
    problem = await step(school.school(S1), "rectifications/x", "answer", expect=422, text="已改", evidence=[])
    assert [each["pointer"] for each in problem["errors"]] == ["/evidence"]


async def test_the_check_is_kept_with_the_answer_that_it_was_of(school: District) -> None:
    await lead(school, RECTIFICATION_STORY)
    answers = (await school.school(S1).get("/v1/rectifications/x"))["answers"]
    assert [(each["text"], each["accepted"], each["checked_by"], each["checked_on"]) for each in answers] == [
        ("已补", False, "zhang", "2025-10-13"), ("补齐", True, "li", "2025-10-15"),
    ]  # fmt: skip
