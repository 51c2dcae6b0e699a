"""Allocation plans: versioned by the date they take effect."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import PLAN, S1


async def test_a_plan_goes_through_its_life(school: District) -> None:
    plan = {**PLAN, "version": "v2", "effective_from": "2025-11-01", "effective_to": "2026-01-30"}
    await goes_through_its_life(
        school.school(S1), "allocation-plans", plan, change={"duty_rate_fen": {"*": 5500}}, path=f"{S1}/v2"
    )


async def test_a_plan_that_ends_before_it_starts_is_refused(school: District) -> None:
    problem = await school.school(S1).post(
        "allocation-plans", {**PLAN, "version": "v2", "effective_to": "2025-08-31"}, expect=422
    )
    assert problem["errors"][0]["pointer"] == "/0/effective_to"


async def test_a_rate_in_yuan_is_refused(school: District) -> None:
    problem = await school.school(S1).post(
        "allocation-plans", {**PLAN, "version": "v2", "rate_fen_per_class_hour": {"*": 80.5}}, expect=422
    )
    assert problem["errors"][0]["pointer"].startswith("/0/rate_fen_per_class_hour")
