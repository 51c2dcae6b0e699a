"""Surveys: what families wish, and how content they are."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, TERM

ASKED = {
    "school_id": S1,
    "survey_id": "autumn",
    "term_id": TERM,
    "kind": "willingness",
    "opened_on": "2025-08-28",
    "closed_on": "2025-08-31",
    "audience": "全体学生家长",
    "asked": 812,
    "answered": 790,
    "agreeing": 655,
}


async def test_a_survey_goes_through_its_life(school: District) -> None:
    change = {"answered": 793, "agreeing": 657, "reason": "补录纸质回执"}
    await goes_through_its_life(school.school(S1), "surveys", ASKED, change=change, path=f"{S1}/autumn")


async def test_a_term_that_nobody_registered_is_named_by_place(school: District) -> None:
    problem = await school.school(S1).post("surveys", {**ASKED, "term_id": "2031-2032-1"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_term", "/0/term_id")


async def test_a_survey_does_not_close_before_it_opens(school: District) -> None:
    problem = await school.school(S1).post("surveys", {**ASKED, "closed_on": "2025-08-27"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("ends_before_it_starts", "/0/closed_on")
    await school.school(S1).post("surveys", {**ASKED, "closed_on": "2025-08-28"})
