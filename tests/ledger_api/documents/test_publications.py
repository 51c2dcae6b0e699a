"""Publications: what the school posted."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, TERM

MONTHLY = {
    "school_id": S1,
    "publication_id": "2025-09",
    "kind": "monthly_workload",
    "period": "2025-09",
    "place": "公开栏",
    "displayed_from": "2025-10-08",
    "displayed_to": "2025-10-15",
    "deliberation_id": "d1",
    "content_hash": "0f" * 32,
    "objections": [
        {
            "objection_id": "o1",
            "staff_id": "T2",
            "made_on": "2025-10-09",
            "text": "漏记一次",
            "answered_on": "2025-10-10",
        }
    ],
    "archive": [{"content_hash": "0f" * 32, "stored_on": "2025-10-16", "keep_until": "2035-10-16"}],
    "lines": [{"staff_id": "T1", "class_hours": 12.5}, {"staff_id": "T2", "class_hours": 30}],
}


async def test_a_publication_goes_through_its_life(school: District) -> None:
    change = {"lines": MONTHLY["lines"][:1], "reason": "更正公示"}
    await goes_through_its_life(school.school(S1), "publications", MONTHLY, change=change, path=f"{S1}/2025-09")


async def test_a_term_that_is_published_is_registered(school: District) -> None:
    term = {**MONTHLY, "kind": "term_remuneration", "period": TERM}
    await school.school(S1).post("publications", {**term, "period": "2031-2032-1"}, expect=422)
    await school.school(S1).post("publications", term)


async def test_a_person_stands_once_in_a_publication(school: District) -> None:
    twice = {**MONTHLY, "lines": [*MONTHLY["lines"], MONTHLY["lines"][0]]}
    problem = await school.school(S1).post("publications", twice, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("repeated_key", "/0/lines/2/staff_id")


async def test_a_sheet_is_not_taken_down_before_it_is_hung(school: District) -> None:
    problem = await school.school(S1).post("publications", {**MONTHLY, "displayed_to": "2025-10-07"}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("ends_before_it_starts", "/0/displayed_to")


async def test_an_objection_is_about_somebody_known_and_a_digest_is_one(school: District) -> None:
    by_nobody = {**MONTHLY, "objections": [{"objection_id": "o1", "staff_id": "T77", "made_on": "2025-10-09"}]}
    problem = await school.school(S1).post("publications", by_nobody, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/objections/0/staff_id")
    problem = await school.school(S1).post("publications", {**MONTHLY, "content_hash": "0F" * 32}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/content_hash"
