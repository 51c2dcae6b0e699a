"""Students: a pseudonymous id, a grade, a class."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, session, sheet


async def test_a_student_goes_through_its_life(school: District) -> None:
    student = {"student_id": "P900", "school_id": S1, "grade": 2, "class_no": "2-4", "enrolled_from": "2025-09-01"}
    await goes_through_its_life(school.school(S1), "students", student, change={"class_no": "2-5"}, path="P900")


async def test_a_grade_is_one_to_nine(school: District) -> None:
    problem = await school.school(S1).post("students", {"student_id": "P900", "school_id": S1, "grade": 10}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/grade"


async def test_a_newcomer_may_be_marked_at_once(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(headcount=1))
    await voice.post("attendance", sheet(present=["P900"]), expect=422)
    await voice.post("students", {"student_id": "P900", "school_id": S1, "grade": 2})
    assert (await voice.post("attendance", sheet(present=["P900"])))["created"] == 1
