"""Appraisals: scored and finalised by the centre, read by the school, handed on to the four schemes."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import APPRAISAL_STORY, INDICATORS, begin, lead, move, step
from tests.world.standard import S1, S2

APPRAISAL = {
    "school_id": S1,
    "appraisal_id": "g1",
    "academic_year": "2025-2026",
    "indicator_set_id": "2025",
    "started_on": "2026-06-22",
    "scores": [{"indicator": "服务质量", "score": 91.5}],
    "score": 88.25,
    "data_submission_score": 95,
    "grade": "优",
    "inputs": [f"inspections/{S1}/v1#1"],
    "feedback": [{"audience": "parents", "collected_on": "2026-06-01", "asked": 300, "answered": 240}],
    "finalised_on": "2026-07-03",
}


async def test_an_appraisal_goes_through_its_life(school: District) -> None:
    change = {
        "transfers": [{"scheme": "school_appraisal", "transferred_on": "2026-07-06"}],
        "reason": "移交",
    }
    centre = school.voice("centre", stage="primary")
    await goes_through_its_life(centre, "appraisals", APPRAISAL, change=change, path=f"{S1}/g1")


async def test_a_school_reads_how_it_was_appraised_and_appraises_nobody(school: District) -> None:
    await school.bureau.post("appraisals", APPRAISAL)
    assert (await school.school(S1).get(f"/v1/appraisals/{S1}/g1"))["grade"] == "优"
    await school.school(S2).get(f"/v1/appraisals/{S1}/g1", expect=404)
    await school.school(S1).post("appraisals", APPRAISAL, expect=403)


async def test_a_score_is_out_of_a_hundred(school: District) -> None:
    wrong = {**APPRAISAL, "score": 100.5, "scores": [{"indicator": "服务质量", "score": 9.125}]}
    problem = await school.bureau.post("appraisals", wrong, expect=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/0/scores/0/score", "/0/score"]


async def test_nobody_is_scored_by_weights_that_were_not_fixed_before(school: District) -> None:
    await begin(school, APPRAISAL_STORY)
    centre = school.voice("centre", stage="primary")
    await centre.post("indicator-sets", {**INDICATORS, "indicator_set_id": "i-2", "approved_on": "2026-06-02"})
    await move(school, APPRAISAL_STORY, APPRAISAL_STORY.moves[0], expect=409)


async def test_an_appraisal_is_not_final_without_what_people_said_and_inspections_found(school: District) -> None:
    await lead(school, APPRAISAL_STORY, to="communicated")
    centre = school.voice("centre", stage="primary")
    now = await centre.get("/v1/appraisals/g")
    kept = {name: now[name] for name in ("scores", "score", "communicated_on")}
    await centre.post("appraisals", {**APPRAISAL_STORY.record, **kept, "feedback": []})
    assert (await step(centre, "appraisals/g", "finalise", expect=409))["code"] == "not_ready"
