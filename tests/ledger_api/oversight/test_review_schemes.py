"""Review schemes: each stage centre keeps its own, and everybody may know what is asked."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1

SCHEME = {
    "stage": "primary",
    "scheme_id": "2025",
    "academic_year": "2025-2026",
    "approved_on": "2025-09-20",
    "effective_from": "2025-09-22",
    "requirements": ["逐人核对"],
    "standards": ["抽查不少于一成"],
}


async def test_a_review_scheme_goes_through_its_life(school: District) -> None:
    centre = school.voice("centre", stage="primary")
    change = {"standards": ["抽查不少于两成"], "reason": "从严"}
    await goes_through_its_life(centre, "review-schemes", SCHEME, change=change, path="primary/2025")


async def test_a_stage_centre_keeps_its_own_scheme_and_no_others(school: District) -> None:
    await school.voice("centre", stage="primary").post("review-schemes", SCHEME)
    other = school.voice("centre", stage="junior")
    problem = await other.post("review-schemes", {**SCHEME, "requirements": []}, expect=403)
    assert problem["code"] == "district_only"
    await other.delete("/v1/review-schemes/primary/2025", reason="误录", expect=403)
    await school.school(S1).post("review-schemes", SCHEME, expect=403)
    assert (await school.school(S1).get("/v1/review-schemes/primary/2025"))["requirements"] == ["逐人核对"]


async def test_a_scheme_does_not_end_before_it_begins(school: District) -> None:
    problem = await school.bureau.post("review-schemes", {**SCHEME, "effective_to": "2025-09-21"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("ends_before_it_starts", "/0/effective_to")
