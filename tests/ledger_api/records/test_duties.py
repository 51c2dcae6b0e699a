"""Duties: administrators on duty, patrols, coordination."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, duty


async def test_a_duty_goes_through_its_life(school: District) -> None:
    await goes_through_its_life(
        school.school(S1),
        "duties",
        duty(slot="s2", note="校门"),
        change={"class_hours": 0.75, "reason": "提前离岗"},
        path=f"{S1}/d1",
    )


async def test_a_duty_in_an_unknown_slot_is_refused(school: District) -> None:
    problem = await school.school(S1).post("duties", duty(slot="s8"), expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_slot", "/0/slot")


async def test_a_duty_beyond_a_day_is_refused(school: District) -> None:
    problem = await school.school(S1).post("duties", duty(class_hours=24.5), expect=422)
    assert problem["code"] == "too_many_class_hours"
