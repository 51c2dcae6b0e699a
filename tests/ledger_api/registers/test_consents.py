"""Consents: who takes part, when, in what."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, TERM

CONSENT = {
    "school_id": S1,
    "term_id": TERM,
    "student_id": "P7",
    "opted_in": True,
    "weekdays": [1, 3],
    "slots": ["s1", "s2"],
    "activities": ["围棋"],
    "signed_on": "2025-09-02",
}


async def test_a_consent_goes_through_its_life(school: District) -> None:
    withdrawn = {"opted_in": False, "weekdays": [], "slots": [], "activities": [], "reason": "家长撤回"}
    await goes_through_its_life(school.school(S1), "consents", CONSENT, change=withdrawn, path=f"{S1}/{TERM}/P7")


async def test_a_slot_that_was_never_offered_is_named_by_its_place(school: District) -> None:
    problem = await school.school(S1).post("consents", {**CONSENT, "slots": ["s1", "s9"]}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_slot", "/0/slots/1")


async def test_a_pupil_of_another_school_is_unknown(school: District) -> None:
    problem = await school.school(S1).post("consents", {**CONSENT, "student_id": "Q1"}, expect=422)
    assert problem["code"] == "unknown_student"
