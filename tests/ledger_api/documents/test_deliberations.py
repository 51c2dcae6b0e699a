"""Deliberations: what the school's Party organisation decided."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, TERM

MEETING = {
    "school_id": S1,
    "deliberation_id": "2025-10-08",
    "held_on": "2025-10-08",
    "topic": "九月课后服务工作量公示",
    "decision": "approved",
    "participants": ["T7", "T8", "T9"],
    "eligible": 4,
    "items": [{"kind": "monthly_workload", "period": "2025-09", "document_id": "2025-09", "content_hash": "0d" * 32}],
}


async def test_a_deliberation_goes_through_its_life(school: District) -> None:
    change = {"decision": "returned", "reason": "记录有误"}
    await goes_through_its_life(school.school(S1), "deliberations", MEETING, change=change, path=f"{S1}/2025-10-08")


async def test_whoever_takes_part_need_not_serve(school: District) -> None:
    """The members of a Party organisation are no participants of the service; the register of staff need not know them."""
    await school.school(S1).post("deliberations", {**MEETING, "participants": ["zhang-s"]})


async def test_an_item_about_a_term_that_nobody_registered(school: District) -> None:
    items = [{"kind": "term_remuneration", "period": TERM}, {"kind": "term_remuneration", "period": "2031-2032-1"}]
    problem = await school.school(S1).post("deliberations", {**MEETING, "items": items}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_term", "/0/items/1/period")
