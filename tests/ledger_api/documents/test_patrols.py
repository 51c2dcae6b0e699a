"""Patrols: what the management saw."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import MONDAY, S1

SEEN = {
    "school_id": S1,
    "patrol_id": "p1",
    "service_date": MONDAY,
    "time": "15:50",
    "session_id": "h1",
    "slot": "s1",
    "by": "T9",
    "observed_headcount": 18,
    "staff_present": ["T1"],
    "remark": "秩序良好",
}


async def test_a_patrol_goes_through_its_life(school: District) -> None:
    change = {"observed_headcount": 17, "reason": "复核"}
    await goes_through_its_life(school.school(S1), "patrols", SEEN, change=change, path=f"{S1}/p1")


async def test_nobody_seen_is_not_the_same_as_not_looked(school: District) -> None:
    voice = school.school(S1)
    await voice.post("patrols", {**SEEN, "staff_present": []}, {**SEEN, "patrol_id": "p2", "staff_present": None})
    assert (await voice.get(f"/v1/patrols/{S1}/p1"))["staff_present"] == []
    assert (await voice.get(f"/v1/patrols/{S1}/p2"))["staff_present"] is None


async def test_a_person_seen_that_nobody_knows_is_named_by_place(school: District) -> None:
    problem = await school.school(S1).post("patrols", {**SEEN, "staff_present": ["T1", "T99"]}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/staff_present/1"
