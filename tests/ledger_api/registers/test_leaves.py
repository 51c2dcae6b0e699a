"""Leaves: who was away when."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

LEAVE = {"staff_id": "T4", "starts_on": "2025-09-15", "ends_on": "2025-09-17", "kind": "sick"}


async def test_a_leave_goes_through_its_life(school: District) -> None:
    await goes_through_its_life(
        school.school(S1), "leaves", LEAVE, change={"ends_on": "2025-09-16"}, path="T4/2025-09-15"
    )


async def test_a_leave_is_kept_with_the_school_of_the_person(school: District) -> None:
    receipt = await school.bureau.post("leaves", LEAVE)
    assert [chain["school_id"] for chain in receipt["chains"]] == [S1]


async def test_a_leave_of_somebody_elses_staff_is_not_taken(school: District) -> None:
    problem = await school.school(S2).post("leaves", LEAVE, expect=422)
    assert problem["errors"][0] | {"detail": ""} == {"pointer": "/0/staff_id", "code": "unknown_staff", "detail": ""}


async def test_a_leave_that_ends_before_it_starts_is_refused(school: District) -> None:
    problem = await school.school(S1).post("leaves", {**LEAVE, "ends_on": "2025-09-14"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/ends_on"
