"""Staff: everyone who may work a class hour."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2, staff_of


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
