"""Working groups: the bureau appoints them."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life

GROUP = {
    "group_id": "2025",
    "academic_year": "2025-2026",
    "appointed_on": "2025-09-09",
    "members": [{"office": "finance", "role": "lead"}, {"office": "supervision"}],
}


async def test_a_working_group_goes_through_its_life(school: District) -> None:
    change = {"members": [*GROUP["members"], {"office": "personnel"}], "reason": "增补"}  # type: ignore[misc]
    await goes_through_its_life(school.bureau, "working-groups", GROUP, change=change, path="2025")


async def test_only_the_bureau_appoints_and_an_office_is_in_it_once(school: District) -> None:
    problem = await school.voice("centre", stage="primary").post("working-groups", GROUP, expect=403)
    assert problem["code"] == "district_only"
    twice = {**GROUP, "members": [{"office": "finance"}, {"office": "finance", "role": "lead"}]}
    problem = await school.bureau.post("working-groups", twice, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("repeated_key", "/0/members/1/office")
