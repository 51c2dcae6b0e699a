"""Trainings: who of a school attended, entered by the school or by the office that held it."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

TRAINING = {
    "school_id": S1,
    "training_id": "t1",
    "kind": "key_person",
    "held_on": "2025-10-15",
    "organiser": "primary_centre",
    "topic": "台账与公示",
    "attendees": ["T1"],
}


async def test_a_training_goes_through_its_life(school: District) -> None:
    change = {"attendees": ["T1", "T2"], "reason": "补签"}
    await goes_through_its_life(school.school(S1), "trainings", TRAINING, change=change, path=f"{S1}/t1")


async def test_a_centre_enters_what_it_held_for_its_schools(school: District) -> None:
    centre = school.voice("centre", stage="primary")
    await centre.post("trainings", TRAINING)
    await centre.post("trainings", {**TRAINING, "school_id": S2, "attendees": []}, expect=404)
    assert (await school.school(S1).get(f"/v1/trainings/{S1}/t1"))["organiser"] == "primary_centre"
    await school.auditor.post("trainings", TRAINING, expect=403)
    problem = await centre.post("trainings", {**TRAINING, "attendees": ["T77"]}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/attendees/0")
