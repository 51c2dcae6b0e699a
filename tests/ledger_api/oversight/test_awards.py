"""Awards: a school's or a person's, for a school year; withdrawn when they may not stand."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1

AWARD = {
    "school_id": S1, "award_id": "a1", "academic_year": "2025-2026", "title": "先进集体", "awarded_on": "2026-07-01",
}  # fmt: skip


async def test_an_award_goes_through_its_life(school: District) -> None:
    change = {"withdrawn_on": "2026-07-20", "reason": "取消评优资格"}
    await goes_through_its_life(school.bureau, "awards", AWARD, change=change, path=f"{S1}/a1")


async def test_no_school_honours_itself_and_a_person_is_known(school: District) -> None:
    await school.school(S1).post("awards", AWARD, expect=403)
    problem = await school.bureau.post("awards", {**AWARD, "staff_id": "T77"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/staff_id")
