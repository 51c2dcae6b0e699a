"""Campaigns: the bureau's draw of schools, sealed; no school and no centre writes it, no school reads it."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

CAMPAIGN = {
    "campaign_id": "f1",
    "academic_year": "2025-2026",
    "proportion": 0.5,
    "methods": ["unannounced", "interview"],
    "population": [S1, S2],
    "sample": [S2],
    "selection": "按学校代码排序后以种子随机抽取",
    "seed": "20251020",
    "sealed_on": "2025-10-20",
}


async def test_a_campaign_goes_through_its_life(school: District) -> None:
    change = {"notices": [{"school_id": S2, "notified_on": "2025-10-27"}], "reason": "到校当日告知"}
    await goes_through_its_life(school.bureau, "campaigns", CAMPAIGN, change=change, path="f1")


async def test_no_school_knows_who_was_drawn(school: District) -> None:
    await school.bureau.post("campaigns", CAMPAIGN)
    await school.school(S2).get("/v1/campaigns/f1", expect=404)
    await school.school(S2).get("/v1/campaigns", expect=404)
    await school.voice("centre", stage="primary").post("campaigns", {**CAMPAIGN, "sample": [S1]}, expect=403)
    await school.voice("centre", stage="primary").get("/v1/campaigns/f1", expect=404)
    assert (await school.auditor.get("/v1/campaigns/f1"))["sample"] == [S2]


async def test_no_chain_that_a_school_reads_tells_who_was_drawn(school: District) -> None:
    before = await school.school(S2).get("/v1/chains/district")
    receipt = await school.bureau.post("campaigns", CAMPAIGN)
    assert [chain["school_id"] for chain in receipt["chains"]] == ["bureau"]
    assert await school.school(S2).get("/v1/chains/district") == before
    for kind, options in (("school", {"schools": [S2]}), ("centre", {"stage": "junior"})):
        voice = school.voice(kind, **options)
        await voice.get("/v1/chains/bureau/proof", batch_id=receipt["batch_id"], expect=404)


async def test_the_sample_is_of_the_population(school: District) -> None:
    wrong = {**CAMPAIGN, "population": [S1], "proportion": 1.5}
    problem = await school.bureau.post("campaigns", wrong, expect=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/0/proportion", "/0/sample/0"]
