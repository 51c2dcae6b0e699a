"""Providers: the district's list of institutions."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1

CLUB = {"provider_id": "prv-9", "name": "少年科技社", "listed": True, "licence_no": "沪浦-17"}


async def test_a_provider_goes_through_its_life(school: District) -> None:
    removed = {"status": "removed", "status_from": "2025-10-01", "reason": "违反合同"}
    await goes_through_its_life(school.bureau, "providers", CLUB, change=removed, path="prv-9")


async def test_a_school_may_name_a_new_provider_and_not_clear_one(school: District) -> None:
    await school.bureau.post("providers", {**CLUB, "status": "suspended"})
    await school.school(S1).post("providers", {**CLUB, "status": "listed"}, expect=403)
    await school.school(S1).post("providers", {**CLUB, "provider_id": "prv-10"})


async def test_an_unknown_status_names_the_known_ones(school: District) -> None:
    problem = await school.bureau.post("providers", {**CLUB, "status": "gone"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/status"
