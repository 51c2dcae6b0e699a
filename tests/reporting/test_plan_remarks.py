"""What is said of a plan: how pay spreads, where it is flat, where less work has more pay."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.plan_remarks import Remark, people_of, remarks_on, spread_of
from shared.class_hours import Hundredths
from shared.remuneration import AllocationPlan, Caps, Factors, HeadcountBand, compute_pay
from shared.work import WorkItem, days_of


def plan_of(**given: Any) -> AllocationPlan:
    """80 yuan a class hour."""
    whole = {"rate_fen_per_class_hour": {"*": 8000}, **given}
    return AllocationPlan(school_id="3101150001", version="v1", effective_from=date(2025, 9, 1), **whole)


def work_of(staff_id: str, class_hours: str, **given: Any) -> WorkItem:
    """One record a person and day."""
    day = given.pop("service_date", date(2025, 9, 8))
    hours = Hundredths(int(Decimal(class_hours) * 100))
    return WorkItem(f"h-{staff_id}-{day}", staff_id, day, hours, "homework", **given)


def said_of(plan: AllocationPlan, *work: WorkItem) -> dict[str, Remark]:
    """The remarks by code."""
    days = days_of(work)
    run = compute_pay([plan], days)
    return {remark.code: remark for remark in remarks_on([plan], run, people_of(run, days, {}))}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_the_gini_of_amounts_is_half_their_mean_difference_over_their_mean(amounts: list[int]) -> None:
    spread = spread_of(amounts)
    assert spread is not None
    total = sum(amounts)
    differences = sum(abs(one - other) for one in amounts for other in amounts)
    exact = Fraction(differences, 2 * len(amounts) * total) if total else Fraction(0)
    assert abs(Fraction(spread.gini) - exact) <= Fraction(1, 10**4)


def test_equal_amounts_do_not_spread_and_nobodys_are_none() -> None:
    spread = spread_of([500, 500, 500])
    assert spread is not None
    assert (spread.gini, spread.highest_to_lowest) == (0, 1)
    assert spread_of([]) is None


def test_a_monthly_cap_that_everybody_reaches_makes_pay_flat() -> None:
    work = [work_of(f"T{n}", "2", service_date=date(2025, 9, 8 + day)) for n in range(1, 10) for day in range(n)]
    said = said_of(plan_of(caps=Caps(class_hours_per_month=Decimal(2))), *work)
    assert "9 人中" in said["flat"].zh or "只相差 0%" in said["flat"].zh
    assert said["above_caps"].en.startswith("72 class hours of 8 people")
    assert "flat" not in said_of(plan_of(), *work)


def test_who_does_less_of_everything_and_earns_more_is_named_with_the_other() -> None:
    crowded = plan_of(factors=Factors(headcount=(HeadcountBand(30, Decimal(3)),)))
    few, many = work_of("T1", "1", headcount=40), work_of("T2", "2", headcount=10)
    assert said_of(crowded, few, many)["less_work_more_pay"].staff_ids == ["T1", "T2"]
    assert "less_work_more_pay" not in said_of(plan_of(), few, many)


def test_who_does_other_work_is_not_compared() -> None:
    dear_lead = plan_of(factors=Factors(role={"lead": Decimal(3)}))
    assert "less_work_more_pay" not in said_of(
        dear_lead, work_of("T1", "1", role="lead"), work_of("T2", "2", role="support")
    )


def test_a_plan_of_hours_alone_says_what_of_the_notice_it_does_not_weigh() -> None:
    said = said_of(plan_of(), work_of("T1", "1"))
    assert "时段、内容、职责、效果、满意度、服务学生规模" in said["one_rate"].zh
    weighed = plan_of(
        rate_fen_per_class_hour={"*": 8000, "club": 9000},
        factors=Factors(
            slot={"s1": Decimal(1)}, role={"lead": Decimal(2)}, quality={"A": Decimal(2)},
            headcount=(HeadcountBand(1, Decimal(1)),),
        ),
    )  # fmt: skip
    assert said_of(weighed, work_of("T1", "1")) == {}


def test_work_that_is_worth_nothing_is_pointed_at() -> None:
    said = said_of(plan_of(rate_fen_per_class_hour={"homework": 0}), work_of("T1", "1.5"))
    assert said["worth_nothing"].en.startswith("1.5 class hours earn nothing")


def test_work_without_a_rate_is_the_first_thing_said() -> None:
    said = said_of(plan_of(rate_fen_per_class_hour={"club": 1}), work_of("T1", "1"))
    assert next(iter(said)) == "unpriced"
