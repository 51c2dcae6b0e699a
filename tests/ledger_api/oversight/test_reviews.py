"""Reviews: what was decided about a submission, and the school reads."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

DECISION = {
    "school_id": S1,
    "review_id": "autumn-1",
    "submission_id": "autumn",
    "decision": "adjusted",
    "reviewed_on": "2026-02-20",
    "reviewed_by": "C1",
    "lines": [{"staff_id": "T1", "class_hours": 58.25, "amount_fen": 466000, "why": "台账无记录"}],
}


async def test_a_review_goes_through_its_life(school: District) -> None:
    change = {"decision": "accepted", "lines": [], "reason": "学校已补充说明"}
    await goes_through_its_life(school.bureau, "reviews", DECISION, change=change, path=f"{S1}/autumn-1")


async def test_a_school_reads_what_was_decided_about_it_and_decides_nothing(school: District) -> None:
    await school.bureau.post("reviews", DECISION)
    await school.school(S1).get(f"/v1/reviews/{S1}/autumn-1")
    await school.school(S2).get(f"/v1/reviews/{S1}/autumn-1", expect=404)
    await school.school(S1).post("reviews", {**DECISION, "decision": "accepted"}, expect=403)


async def test_a_person_is_decided_about_once_and_is_known(school: District) -> None:
    problem = await school.bureau.post(
        "reviews", {**DECISION, "lines": [*DECISION["lines"], *DECISION["lines"]]}, expect=422
    )
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("repeated_key", "/0/lines/1/staff_id")
    problem = await school.bureau.post("reviews", {**DECISION, "lines": [{"staff_id": "T77"}]}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/lines/0/staff_id")


async def test_a_plan_is_reviewed_and_given_its_number(school: District) -> None:
    filed = {
        "school_id": S1,
        "review_id": "plan-1",
        "plan_id": "2025",
        "decision": "accepted",
        "reviewed_on": "2025-09-25",
        "filing_number": "浦小2025-017",
    }
    await school.voice("centre", stage="primary").post("reviews", filed)
    assert (await school.school(S1).get(f"/v1/reviews/{S1}/plan-1"))["filing_number"] == "浦小2025-017"
    neither = {name: value for name, value in filed.items() if name != "plan_id"}
    problem = await school.bureau.post(
        "reviews", neither, {**filed, "review_id": "x", "submission_id": "s"}, expect=422
    )
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("missing_field", "/0/submission_id"),
        ("invalid_value", "/1/plan_id"),
    ]
