"""Slots: after lessons only."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, TERM, slot_of


async def test_a_slot_goes_through_its_life(school: District) -> None:
    slot = {**slot_of(S1, "s1"), "slot": "s4", "weekdays": [1, 3, 5], "minutes_per_class_hour": 45}
    await goes_through_its_life(school.school(S1), "slots", slot, change={"ends_at": "16:15"}, path=f"{S1}/{TERM}/s4")


async def test_a_slot_belongs_to_a_registered_term(school: District) -> None:
    problem = await school.school(S1).post("slots", {**slot_of(S1, "s1"), "term_id": "2031-2032-1"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_term", "/0/term_id")


async def test_a_clock_time_is_hours_and_minutes(school: District) -> None:
    problem = await school.school(S1).post("slots", {**slot_of(S1, "s1"), "starts_at": "3pm"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/starts_at"
