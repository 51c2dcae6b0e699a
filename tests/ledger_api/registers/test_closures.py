"""Closures: days without service that nobody is blamed for."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

TYPHOON = {"closure_id": "typhoon", "starts_on": "2025-09-10", "ends_on": "2025-09-11", "reason": "台风"}


async def test_a_closure_goes_through_its_life(school: District) -> None:
    await goes_through_its_life(school.bureau, "closures", TYPHOON, change={"ends_on": "2025-09-12"}, path="typhoon")


async def test_a_closure_that_ends_before_it_starts_is_refused(school: District) -> None:
    problem = await school.bureau.post("closures", {**TYPHOON, "ends_on": "2025-09-09"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/ends_on"


async def test_a_school_closes_itself_and_nobody_else(school: District) -> None:
    voice = school.school(S1)
    await voice.post("closures", {**TYPHOON, "schools": [S1]})
    await voice.post("closures", {**TYPHOON, "closure_id": "other", "schools": [S1, S2]}, expect=403)
    await voice.post("closures", {**TYPHOON, "closure_id": "all"}, expect=403)
