"""Indicator sets: each stage centre's own, known to the schools before they are appraised by them."""

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import INDICATOR_STORY, INDICATORS, digest_of, lead, step
from tests.world.standard import S2

SET = {
    "stage": "junior",
    "indicator_set_id": "2025",
    "academic_year": "2025-2026",
    "approved_on": "2025-09-19",
    "indicators": [
        {"indicator": "服务质量", "group": "quality", "weight": 0.5},
        {"indicator": "参与率", "group": "participation", "weight": 0.2},
        {"indicator": "数据报送", "group": "data_submission", "weight": 0.3},
    ],
}


async def test_an_indicator_set_goes_through_its_life(school: District) -> None:
    centre = school.voice("centre", stage="junior")
    change = {"approved_on": "2025-09-26", "reason": "重新审定"}
    await goes_through_its_life(centre, "indicator-sets", SET, change=change, path="junior/2025")


async def test_a_centre_sets_no_other_centres_indicators(school: District) -> None:
    await school.voice("centre", stage="primary").post("indicator-sets", SET, expect=403)
    await school.bureau.post("indicator-sets", SET)
    assert len((await school.school(S2).get("/v1/indicator-sets/junior/2025"))["indicators"]) == 3


async def test_a_weight_is_a_part_of_the_whole(school: District) -> None:
    wrong = {**SET, "indicators": [{"indicator": "参与率", "group": "participation", "weight": 1.01}]}
    problem = await school.bureau.post("indicator-sets", wrong, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/indicators/0/weight"


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.4, 0.6), (0.6, 0.3)])
async def test_quality_weighs_more_than_participation_and_all_weights_are_one(
    school: District, weights: tuple[float, float]
) -> None:
    centre = school.voice("centre", stage="primary")
    quality, participation = weights
    indicators = [
        {"indicator": "质量", "group": "quality", "weight": quality},
        {"indicator": "参与率", "group": "participation", "weight": participation},
    ]
    await centre.post("indicator-sets", {**INDICATORS, "indicators": indicators})
    content_hash = await digest_of(centre, "indicator-sets/primary/i")
    problem = await step(centre, "indicator-sets/primary/i", "approve", expect=409, content_hash=content_hash)
    assert problem["code"] == "not_ready"


async def test_weights_that_are_changed_are_approved_no_more_and_a_centre_approves_its_own_alone(
    school: District,
) -> None:
    await lead(school, INDICATOR_STORY, to="in_use")
    centre = school.voice("centre", stage="primary")
    changed = [{**each, "weight": 0.5} for each in INDICATORS["indicators"]]
    await centre.post("indicator-sets", {**INDICATORS, "indicators": changed})
    assert (await centre.get("/v1/indicator-sets/primary/i"))["state"] == "draft"
    await centre.post("indicator-sets", {**INDICATORS, "indicator_set_id": "i3"})
    content_hash = await digest_of(centre, "indicator-sets/primary/i3")
    junior = school.voice("centre", stage="junior")
    problem = await step(junior, "indicator-sets/primary/i3", "approve", expect=403, content_hash=content_hash)
    assert problem["code"] == "district_only"


async def test_a_set_by_which_a_school_was_appraised_changes_no_more(school: District) -> None:
    centre = school.voice("centre", stage="junior")
    other = [{**each, "weight": weight} for each, weight in zip(SET["indicators"], (0.2, 0.5, 0.3), strict=True)]
    await centre.post("indicator-sets", SET)
    # Nobody was appraised by it: it is still a draft to the schools.
    await centre.post("indicator-sets", {**SET, "indicators": other, "reason": "征求意见"})
    await centre.post("indicator-sets", {**SET, "reason": "审定"})
    appraisal = {"school_id": S2, "appraisal_id": "a", "academic_year": "2025-2026", "indicator_set_id": "2025"}
    await centre.post("appraisals", appraisal)
    for voice in (centre, school.bureau):
        problem = await voice.post("indicator-sets", {**SET, "indicators": other, "reason": "调整"}, expect=409)
        assert (problem["code"], problem["errors"][0]["pointer"]) == ("indicators_in_use", "/0/indicators")
    # Neither by taking it back first.
    await centre.delete("/v1/indicator-sets/junior/2025", reason="重订")
    await centre.post("indicator-sets", {**SET, "indicators": other}, expect=409)
    assert (await centre.post("indicator-sets", SET))["revised"] == 1
    # Another centre's set of the same name is another set.
    mine = school.voice("centre", stage="primary")
    await mine.post("indicator-sets", {**SET, "stage": "primary"})
    await mine.post("indicator-sets", {**SET, "stage": "primary", "indicators": other})
