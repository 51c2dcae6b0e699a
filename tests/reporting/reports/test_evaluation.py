"""The yearly performance table: weights, scores and what the ledger says to each indicator."""

from tests.world.district import District, Json
from tests.world.standard import S1, S2, TERM, YEAR, session, sheet

PATH = "/v1/reports/evaluation"
SET: Json = {
    "stage": "primary",
    "indicator_set_id": "p-2025",
    "academic_year": YEAR,
    "approved_on": "2025-09-01",
    "indicators": [
        {"indicator": "服务质量", "group": "quality", "weight": 0.5},
        {"indicator": "参与率", "group": "participation", "weight": 0.3},
        {"indicator": "数据报送", "group": "data_submission", "weight": 0.2},
    ],
}


async def _appraise(school: District, **given: object) -> None:
    await school.bureau.post("indicator-sets", SET)
    scores = [("服务质量", 90.5), ("参与率", 80), ("数据报送", 71.25)]
    await school.bureau.post(
        "appraisals",
        {
            "school_id": S1,
            "appraisal_id": "a1",
            "academic_year": YEAR,
            "indicator_set_id": "p-2025",
            "scores": [{"indicator": name, "score": score} for name, score in scores],
            "score": 83.5,
            "finalised_on": "2026-07-20",
            **given,
        },
    )


async def test_each_indicator_stands_with_weight_score_and_inputs(school: District) -> None:
    await _appraise(school)
    voice = school.school(S1)
    await voice.post("sessions", session("h1", headcount=4), session("a1", slot="s2", category="arts", headcount=3))
    await voice.post("attendance", sheet("h1", present=4), sheet("a1", present=3))
    survey = {"school_id": S1, "survey_id": "v", "term_id": TERM, "kind": "satisfaction", "asked": 50}
    await voice.post("surveys", {**survey, "answered": 40, "agreeing": 37})
    actions = [{"action": "加强体育", "done_on": "2025-12-01"}, {"action": "增设社团"}]
    await voice.post("evaluations", {"school_id": S1, "evaluation_id": "e", "term_id": TERM, "actions": actions})
    report = await school.bureau.report(PATH, academic_year=YEAR)
    one, other = report["items"]
    assert (one["school_id"], one["score"], other["school_id"], other["appraisal_id"]) == (S1, 83.5, S2, None)
    assert [(each["indicator"], each["score"], each["weighted"]) for each in one["indicators"]] == [
        ("服务质量", 90.5, 45.25),
        ("参与率", 80, 24),
        ("数据报送", 71.25, 14.25),
    ]
    assert one["computed_score"] == 83.5
    quality, participation, _submission = (each["inputs"] for each in one["indicators"])
    assert quality["quality_activity"] == {"pupil_weeks": 4, "with_quality_activity": 3, "rate": 0.75}
    assert quality["satisfaction"] == {"answered": 40, "agreeing": 37, "rate": 0.925}
    assert (quality["evaluated_terms"], quality["improvements"]) == (1, {"planned": 2, "done": 1})
    assert (participation["pupil_days"], participation["enrolled_days"], participation["rate"]) == (4, 40, 0.1)
    assert (report["schools"], report["appraised"]) == (2, 1)


async def test_what_has_no_score_is_not_summed(school: District) -> None:
    await _appraise(school, scores=[{"indicator": "服务质量", "score": 90}], score=None, finalised_on=None)
    (item,) = (await school.bureau.report(PATH, academic_year=YEAR, stage="primary"))["items"]
    assert (item["computed_score"], item["score"]) == (None, None)
    assert [each["score"] for each in item["indicators"]] == [90, None, None]


async def test_a_school_sees_its_own_and_a_centre_its_stage(school: District) -> None:
    await _appraise(school)
    own = await school.school(S2).report(PATH, academic_year=YEAR)
    assert [item["school_id"] for item in own["items"]] == [S2]
    centre = await school.voice("centre", stage="primary").report(PATH, academic_year=YEAR)
    assert [item["school_id"] for item in centre["items"]] == [S1]
    await school.school(S2).report(PATH, academic_year=YEAR, school_id=S1, expect=404)
    await school.bureau.report(PATH, academic_year="2031-2032", expect=404)


async def test_the_csv_has_a_line_a_school_and_indicator(school: District) -> None:
    await _appraise(school)
    answer = await school.bureau.read(PATH, academic_year=YEAR, format="csv")
    assert len(answer.text.splitlines()) == 1 + 3 + 1
