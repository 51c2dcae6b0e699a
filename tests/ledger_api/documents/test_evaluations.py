"""Evaluations: how good a term was, and what becomes better."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, TERM

EVALUATED = {
    "school_id": S1,
    "evaluation_id": "autumn",
    "term_id": TERM,
    "evaluated_on": "2026-01-23",
    "findings": ["体育类活动场次偏少"],
    "actions": [{"action": "增加体育类活动", "due_on": "2026-03-31"}],
    "conclusion": "良好",
}


async def test_an_evaluation_goes_through_its_life(school: District) -> None:
    done = {
        "actions": [{"action": "增加体育类活动", "due_on": "2026-03-31", "done_on": "2026-03-02"}],
        "reason": "整改完成",
    }
    await goes_through_its_life(school.school(S1), "evaluations", EVALUATED, change=done, path=f"{S1}/autumn")


async def test_a_term_that_nobody_registered_is_named_by_place(school: District) -> None:
    problem = await school.school(S1).post("evaluations", {**EVALUATED, "term_id": "2031-2032-1"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_term", "/0/term_id")


async def test_a_grade_is_of_somebody_known_and_each_person_has_one(school: District) -> None:
    grades = [
        {"staff_id": "T1", "quality": "优秀"},
        {"staff_id": "T99", "quality": "合格"},
        {"staff_id": "T1", "quality": "合格"},
    ]
    problem = await school.school(S1).post("evaluations", {**EVALUATED, "grades": grades}, expect=422)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        ("/0/grades/1/staff_id", "unknown_staff"),
        ("/0/grades/2/staff_id", "repeated_key"),
    ]
