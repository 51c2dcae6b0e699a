"""Rooms: where sessions are held."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1


async def test_a_room_goes_through_its_life(school: District) -> None:
    room = {"school_id": S1, "room": "A-101", "capacity": 45, "kind": "教室"}
    await goes_through_its_life(school.school(S1), "rooms", room, change={"capacity": 48}, path=f"{S1}/A-101")


async def test_a_room_may_have_no_known_capacity_but_not_less_than_none(school: District) -> None:
    await school.school(S1).post("rooms", {"school_id": S1, "room": "操场"})
    assert (await school.school(S1).get(f"/v1/rooms/{S1}/操场"))["capacity"] is None
    await school.school(S1).post("rooms", {"school_id": S1, "room": "B", "capacity": -1}, expect=422)
