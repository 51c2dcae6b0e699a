"""Staff: everyone who may work a class hour."""

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import PERSON_STORY, step
from tests.world.standard import MONDAY, S1, S2, staff_of


async def test_a_person_goes_through_their_life(school: District) -> None:
    coach = {
        **staff_of(S1, "X7"),
        "name": "教练",
        "post": "other",
        "qualifications": [{"type": "certificate", "verified_on": "2025-08-20", "valid_to": "2026-08-20"}],
    }
    await goes_through_its_life(school.school(S1), "staff", coach, change={"active_to": "2025-12-01"}, path="X7")


async def test_a_person_of_an_unknown_kind_is_refused(school: District) -> None:
    problem = await school.school(S1).post("staff", {**staff_of(S1, "T1"), "kind": "boss"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/kind"


async def test_the_bureau_moves_a_person_to_another_school(school: District) -> None:
    await school.school(S1).post("staff", staff_of(S2, "T1"), expect=404)
    await school.bureau.post("staff", staff_of(S2, "T1"), expect=409)


async def test_a_person_of_an_unknown_provider_is_refused(school: District) -> None:
    coach = {**staff_of(S1, "X7"), "provider_id": "prv-77"}
    problem = await school.school(S1).post("staff", staff_of(S1, "X8"), coach, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_provider", "/1/provider_id")


@pytest.mark.parametrize("missing", ["certificate", "background_check", "health"])
async def test_nobody_is_engaged_whose_papers_are_not_whole(school: District, missing: str) -> None:
    own = school.school(S1)
    papers = [each for each in PERSON_STORY.record["qualifications"] if each["type"] != missing]
    await own.post("staff", {**PERSON_STORY.record, "qualifications": papers})
    assert (await own.get("/v1/staff/X9"))["state"] == "proposed"
    problem = await step(own, "staff/X9", "admit", expect=409, checked_by="T9")
    assert problem["code"] == "not_ready"
    problem = await step(own, "staff/X9", "engage", expect=409, active_from=MONDAY)
    assert problem["code"] == "no_such_transition"
