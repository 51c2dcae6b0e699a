"""The catalogue of activities: what a school offers, and whether the district let it in."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

CHESS = {
    "school_id": S1, "activity_id": "chess", "title": "围棋", "category": "interest", "grades": [2, 3], "source": "provider",
    "provider_id": "prv-1", "development": "joint", "developers": ["T3"], "shared_with": [S2], "purposes": ["brand_club"],
    "admitted_by": "moral_education", "admitted_on": "2025-08-20", "admitted_to": "2026-08-31",
}  # fmt: skip


async def test_an_activity_goes_through_its_life(school: District) -> None:
    change = {"grades": [2, 3, 4], "reason": "四年级也可参加"}
    await goes_through_its_life(school.school(S1), "activities", CHESS, change=change, path=f"{S1}/chess")


async def test_an_activity_names_registered_people_and_dates_in_their_order(school: District) -> None:
    wrong = {**CHESS, "provider_id": "prv-9", "developers": ["T3", "T77"], "admitted_to": "2025-08-19"}
    problem = await school.school(S1).post("activities", wrong, expect=422)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("unknown_provider", "/0/provider_id"),
        ("unknown_staff", "/0/developers/1"),
        ("ends_before_it_starts", "/0/admitted_to"),
    ]
