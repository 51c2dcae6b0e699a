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
