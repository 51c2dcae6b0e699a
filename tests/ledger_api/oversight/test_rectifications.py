"""Rectifications: demanded by those who oversee, read by the school, with every step of their life."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
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
