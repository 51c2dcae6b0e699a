"""Gate logs: how many pupils left late, where a gate counts them."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import MONDAY, S1

COUNTED = {"school_id": S1, "gate_log_id": "g1", "service_date": MONDAY, "after": "15:30", "pupils_out": 212}


async def test_a_gate_log_goes_through_its_life(school: District) -> None:
    change = {"pupils_out": 214, "reason": "补录边门人数"}
    await goes_through_its_life(school.school(S1), "gate-logs", COUNTED, change=change, path=f"{S1}/g1")


async def test_a_gate_counts_on_a_day_of_a_term_and_from_a_time_on(school: District) -> None:
    problem = await school.school(S1).post("gate-logs", {**COUNTED, "service_date": "2025-08-20"}, expect=422)
    assert [error["code"] for error in problem["errors"]] == ["outside_term"]
    problem = await school.school(S1).post("gate-logs", {**COUNTED, "after": "25:30"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/after"
    problem = await school.school(S1).post("gate-logs", {**COUNTED, "pupils_out": -1}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/pupils_out"
