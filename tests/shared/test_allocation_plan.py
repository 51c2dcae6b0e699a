"""A plan says rates, factors, caps and a budget that anybody can work out by hand; everything else is refused with its place."""

from decimal import Decimal

import msgspec
import pytest

from shared.allocation_plan import AllocationPlan, Factors, plan_faults

SCHOOL = "3101150001"
HEAD = f'{{"school_id": "{SCHOOL}", "version": "v1", "effective_from": "2025-09-01", "rate_fen_per_class_hour": {{}}, '


def pointers_of(said: str) -> list[str]:
    """Where the plan is wrong."""
    plan = msgspec.json.decode(HEAD + said + "}", type=AllocationPlan)
    return [fault.pointer for fault in plan_faults(plan, lambda *steps: "".join(f"/{step}" for step in steps))]


@pytest.mark.parametrize("factor", ["NaN", "Infinity", "-0.01", "1000.01", "1E+9", "1E-13", "0E-99999"])
@pytest.mark.parametrize(
    "place", ['"factors": {"role": {"lead": "%s"}}', '"factors": {"headcount": [{"from": 1, "factor": "%s"}]}',
              '"caps": {"class_hours_per_day": "%s"}', '"caps": {"class_hours_per_month": "%s"}'],
)  # fmt: skip
def test_a_plan_with_a_factor_that_nobody_can_work_out_is_refused(place: str, factor: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="not a number from 0 to 1000"):
        msgspec.json.decode(HEAD + place % factor + "}", type=AllocationPlan)


@pytest.mark.parametrize("factor", ["0", "1000", "1E+3", "0.000000000001", "1.20"])
def test_a_plan_may_weigh_with_any_factor_from_none_to_a_thousand(factor: str) -> None:
    assert Factors(role={"lead": Decimal(factor)}).role == {"lead": Decimal(factor)}


def test_a_plan_that_ends_before_it_begins_is_wrong_at_its_end() -> None:
    assert pointers_of('"effective_to": "2025-08-31"') == ["/effective_to"]
    assert pointers_of('"effective_to": "2025-09-01"') == []


def test_a_headcount_is_in_one_band_and_a_band_has_headcounts() -> None:
    bands = '"factors": {"headcount": [%s]}'
    assert pointers_of(bands % '{"from": 21, "to": 20, "factor": 1}') == ["/factors/headcount/0/to"]
    apart = '{"from": 1, "to": 20, "factor": 1}, {"from": 21, "factor": 2}'
    assert pointers_of(bands % apart) == []
    both = '{"from": 1, "to": 20, "factor": 1}, {"from": 20, "factor": 2}'
    assert pointers_of(bands % both) == ["/factors/headcount/1"]


@pytest.mark.parametrize("table", ["weekday", "role", "staff_kind"])
def test_a_factor_of_what_does_not_exist_would_never_count_and_is_refused(table: str) -> None:
    assert pointers_of(f'"factors": {{"{table}": {{"boss": 2}}}}') == [f"/factors/{table}/boss"]


def test_slots_and_grades_of_quality_are_the_schools_own_words() -> None:
    assert pointers_of('"factors": {"slot": {"s9": 2}, "quality": {"very good": 1.5}}') == []
