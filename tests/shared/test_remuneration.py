"""Pay is class hours × the plan in force, exact to the one rounding of a line; totals are sums of lines."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared import remuneration
from shared.class_hours import Hundredths
from shared.money import Fen
from shared.remuneration import AllocationPlan, Caps, Factors, HeadcountBand, PayRun
from shared.work import WorkItem, days_of

SCHOOL = "3101150001"
MONDAY = date(2025, 9, 8)
TUESDAY = date(2025, 9, 9)

quick = settings(max_examples=60)


def plan_of(**given: Any) -> AllocationPlan:
    """Version v1 of a school that pays 80 yuan a class hour, unless said otherwise."""
    return AllocationPlan(
        **{
            "school_id": SCHOOL,
            "version": "v1",
            "effective_from": date(2025, 9, 1),
            "rate_fen_per_class_hour": {"*": 8000},
            **given,
        }
    )


def work_of(record_key: str = "h1", staff_id: str = "T1", class_hours: str = "1", **given: Any) -> WorkItem:
    """One class hour of homework guidance on a Monday, unless said otherwise."""
    return WorkItem(
        **{
            "record_key": record_key,
            "staff_id": staff_id,
            "service_date": MONDAY,
            "class_hours_hundredths": Hundredths(int(Decimal(class_hours) * 100)),
            "category": "homework",
            **given,
        }
    )


def compute_pay(plans: list[AllocationPlan], work: list[WorkItem], **given: Any) -> PayRun:
    """Of pieces in any order."""
    return remuneration.compute_pay(plans, days_of(work), **given)


def amounts_of(plans: list[AllocationPlan], work: list[WorkItem]) -> list[int]:
    """What each line is worth, in fen."""
    return [line.amount_fen for line in compute_pay(plans, work).lines]


def exact_decimals(most: str) -> st.SearchStrategy[Decimal]:
    """Factors and caps as plans write them."""
    return st.decimals("0", most, places=2)


work_items = st.builds(
    work_of,
    record_key=st.sampled_from(["h1", "h2", "h3", "h4"]),
    staff_id=st.sampled_from(["T1", "T2", "T3"]),
    class_hours=exact_decimals("4").map(str),
    service_date=st.dates(MONDAY - timedelta(days=14), MONDAY + timedelta(days=40)),
    category=st.sampled_from(["homework", "club", "arts"]),
    duty_kind=st.sampled_from([None, None, None, "patrol"]),
    slot=st.sampled_from([None, "s1", "s2"]),
    role=st.sampled_from([None, "lead", "assistant"]),
    headcount=st.none() | st.integers(0, 60),
)
works = st.lists(work_items, max_size=25)
plans_of_a_school = st.lists(
    st.builds(
        plan_of,
        version=st.sampled_from(["v1", "v2", "v3"]),
        effective_from=st.dates(MONDAY - timedelta(days=30), MONDAY + timedelta(days=60)),
        effective_to=st.none() | st.dates(MONDAY, MONDAY + timedelta(days=60)),
        rate_fen_per_class_hour=st.sampled_from([{"*": 8000}, {"homework": 7333, "club": 1}, {"arts": 0, "*": 9999}, {}]),
        duty_rate_fen=st.sampled_from([{}, {"*": 3001}, {"patrol": 1234}]),
        factors=st.builds(
            Factors,
            slot=st.dictionaries(st.sampled_from(["s1", "s2"]), exact_decimals("3")),
            role=st.dictionaries(st.sampled_from(["lead", "assistant"]), exact_decimals("3")),
            headcount=st.sampled_from([(), (HeadcountBand(1, Decimal("0.93"), 20), HeadcountBand(21, Decimal("1.17")))]),
        ),
        caps=st.builds(
            Caps,
            class_hours_per_day=st.none() | exact_decimals("4"),
            class_hours_per_month=st.none() | exact_decimals("20"),
        ),
        budget_fen=st.none() | st.integers(0, 10**6),
        over_budget=st.sampled_from(["scale", "refuse"]),
    ),
    max_size=3,
    unique_by=lambda plan: plan.version,
)  # fmt: skip


@quick
@given(plans_of_a_school, works)
def test_totals_are_the_sums_of_lines(plans: list[AllocationPlan], work: list[WorkItem]) -> None:
    run = compute_pay(plans, work)
    by_staff: dict[str, int] = defaultdict(int)
    for line in run.lines:
        by_staff[line.staff_id] += line.amount_fen
    assert run.total_by_staff_fen == by_staff
    assert run.total_fen == sum(by_staff.values())


@quick
@given(plans_of_a_school, works)
def test_all_work_is_either_priced_or_listed_as_unpriced(plans: list[AllocationPlan], work: list[WorkItem]) -> None:
    run = compute_pay(plans, work)
    accounted = [(line.staff_id, line.service_date, line.record_key) for line in run.lines]
    accounted += [(each.staff_id, each.service_date, each.record_key) for each in run.unpriced]
    assert sorted(accounted) == sorted((each.staff_id, each.service_date, each.record_key) for each in work)


@quick
@given(plans_of_a_school, works, st.randoms(use_true_random=False))
def test_the_order_in_which_work_and_plans_come_does_not_matter(
    plans: list[AllocationPlan], work: list[WorkItem], random: Random
) -> None:
    run = compute_pay(plans, work)
    assert compute_pay(random.sample(plans, len(plans)), random.sample(work, len(work))) == run


@quick
@given(plans_of_a_school, works)
def test_pay_is_at_or_under_the_budget_unless_it_is_refused(plans: list[AllocationPlan], work: list[WorkItem]) -> None:
    run = compute_pay(plans, work)
    assert run.budget_fen is None or (run.total_fen > run.budget_fen) <= run.refused
    if run.scale != 1:
        assert run.total_fen == run.budget_fen


@quick
@given(plans_of_a_school, works)
def test_a_line_is_class_hours_times_rate_times_factors(plans: list[AllocationPlan], work: list[WorkItem]) -> None:
    run = compute_pay(plans, work)
    for line in run.lines:
        exact = Fraction(line.paid_class_hours_hundredths, 100) * line.price.rate_fen
        for factor in line.price.factors:
            exact *= Fraction(factor.value)
        assert line.exact_fen == exact
        # Within the fen of rounding, in the budget's proportion: half a fen alone, less than one when all must add up.
        assert abs(line.amount_fen - exact * run.scale) <= 1


@quick
@given(plans_of_a_school, works)
def test_person_by_person_and_at_once_every_line_is_the_same(plans: list[AllocationPlan], work: list[WorkItem]) -> None:
    # A budget is of all together.
    plans = [msgspec.structs.replace(plan, budget_fen=None) for plan in plans]
    of_each = [[item for item in work if item.staff_id == staff_id] for staff_id in ("T1", "T2", "T3")]
    lines = tuple(line for own in of_each for line in compute_pay(plans, own).lines)
    assert lines == compute_pay(plans, work).lines


@quick
@given(plans_of_a_school, works, work_items)
def test_who_works_more_never_earns_less(plans: list[AllocationPlan], work: list[WorkItem], more: WorkItem) -> None:
    plans = [msgspec.structs.replace(plan, caps=Caps(), budget_fen=None) for plan in plans]
    before, after = compute_pay(plans, work), compute_pay(plans, [*work, more])
    assert after.total_by_staff_fen.get(more.staff_id, 0) >= before.total_by_staff_fen.get(more.staff_id, 0)
    assert all(
        after.total_by_staff_fen[staff_id] == amount
        for staff_id, amount in before.total_by_staff_fen.items()
        if staff_id != more.staff_id
    )


@quick
@given(works, work_items, exact_decimals("4"), exact_decimals("20"), st.integers(0, 10**6))
def test_within_caps_and_a_budget_who_works_more_of_the_same_never_earns_less(
    work: list[WorkItem], more: WorkItem, a_day: Decimal, a_month: Decimal, budget_fen: int
) -> None:
    """Before the fen that rounding moves: with equal rates and factors, as a cap takes the hours of whichever work is late."""
    plan = plan_of(
        effective_from=date(2025, 1, 1),
        duty_rate_fen={"*": 8000},
        caps=Caps(class_hours_per_day=a_day, class_hours_per_month=a_month),
        budget_fen=budget_fen,
    )

    def exact_of(given: list[WorkItem]) -> Fraction:
        run = compute_pay([plan], given)
        return run.scale * sum((line.exact_fen for line in run.lines if line.staff_id == more.staff_id), Fraction(0))

    assert exact_of([*work, more]) >= exact_of(work)


def test_the_kind_and_the_quality_of_a_person_are_told_once_for_all_their_work() -> None:
    plan = plan_of(factors=Factors(staff_kind={"retired": Decimal("0.5")}, quality={"A": Decimal(3)}))
    work = [work_of("h1"), work_of("h2", staff_kind="employee"), work_of("h3", "T2", quality="B")]
    run = compute_pay([plan], work, staff_kinds={"T1": "retired"}, qualities={"T1": "A", "T2": "A"})
    # What a piece of work says itself goes before.
    assert [line.amount_fen for line in run.lines] == [12000, 24000, 8000]


@quick
@given(works, exact_decimals("4"), exact_decimals("20"))
def test_nobody_is_paid_more_class_hours_than_the_caps(work: list[WorkItem], a_day: Decimal, a_month: Decimal) -> None:
    plan = plan_of(
        effective_from=date(2025, 1, 1),
        duty_rate_fen={"*": 1},
        caps=Caps(class_hours_per_day=a_day, class_hours_per_month=a_month),
    )
    paid: dict[tuple[str, object], int] = defaultdict(int)
    for line in compute_pay([plan], work).lines:
        assert 0 <= line.paid_class_hours_hundredths <= line.class_hours_hundredths
        paid[line.staff_id, line.service_date] += line.paid_class_hours_hundredths
        paid[line.staff_id, (line.service_date.year, line.service_date.month)] += line.paid_class_hours_hundredths
    for (_, period), hundredths in paid.items():
        assert hundredths <= (a_day if isinstance(period, date) else a_month) * 100


@quick
@given(works.filter(lambda work: any(item.class_hours_hundredths for item in work)), st.integers(0, 10**6))
def test_over_the_budget_the_lines_add_up_to_it_to_the_fen(work: list[WorkItem], budget_fen: int) -> None:
    everything = plan_of(effective_from=date(2025, 1, 1), duty_rate_fen={"*": 8000})
    without = compute_pay([everything], work).total_fen
    run = compute_pay([msgspec.structs.replace(everything, budget_fen=budget_fen)], work)
    assert run.total_fen == min(without, budget_fen)
    assert (run.scale < 1) == (without > budget_fen)
    assert run.scale in {1, Fraction(budget_fen, without)}


def test_over_a_budget_that_refuses_nothing_is_cut_and_the_run_says_so() -> None:
    plan = plan_of(budget_fen=15999, over_budget="refuse")
    run = compute_pay([plan], [work_of("h1"), work_of("h2")])
    assert run.refused
    assert (run.total_fen, run.budget_fen, run.scale) == (Fen(16000), Fen(15999), Fraction(1))


@pytest.mark.parametrize("over_budget", ["scale", "refuse"])
def test_a_run_that_just_fits_its_budget_is_paid_whole(over_budget: str) -> None:
    run = compute_pay([plan_of(budget_fen=16000, over_budget=over_budget)], [work_of("h1"), work_of("h2")])
    assert (run.total_fen, run.scale, run.refused) == (Fen(16000), Fraction(1), False)


def test_rounding_up_never_carries_a_run_over_its_budget() -> None:
    # Three lines of 1.6 fen are 4.8 exactly, but 6 when each is rounded alone.
    plan = plan_of(rate_fen_per_class_hour={"*": 160}, budget_fen=5)
    run = compute_pay([plan], [work_of(f"h{n}", class_hours="0.01") for n in (1, 2, 3)])
    assert [line.amount_fen for line in run.lines] == [2, 2, 1]
    assert run.scale == 1


def test_the_latest_version_in_force_on_the_day_prices_its_work() -> None:
    cheap, dear = plan_of(), plan_of(version="v2", effective_from=TUESDAY, rate_fen_per_class_hour={"*": 10000})
    run = compute_pay([dear, cheap], [work_of("mon"), work_of("tue", service_date=TUESDAY)])
    assert [(line.price.plan_version, line.amount_fen) for line in run.lines] == [("v1", 8000), ("v2", 10000)]


def test_after_the_end_of_a_version_the_one_before_is_in_force_again() -> None:
    trial = plan_of(version="trial", effective_from=MONDAY, effective_to=MONDAY, rate_fen_per_class_hour={"*": 1})
    run = compute_pay([plan_of(), trial], [work_of("mon"), work_of("tue", service_date=TUESDAY)])
    assert [line.price.plan_version for line in run.lines] == ["trial", "v1"]


def test_the_plan_of_the_next_term_does_not_bound_the_pay_of_this_one() -> None:
    next_term = plan_of(version="v2", effective_from=date(2026, 3, 2), budget_fen=1)
    run = compute_pay([plan_of(budget_fen=10**6), next_term], [work_of()])
    assert (run.total_fen, run.budget_fen) == (8000, 10**6)


def test_of_two_versions_in_a_period_the_later_ones_budget_bounds_it() -> None:
    later = plan_of(version="v2", effective_from=TUESDAY, budget_fen=15000)
    # T1 works on the later day, so that the order of persons is not the order of days.
    work = [work_of("mon", "T2"), work_of("tue", "T1", service_date=TUESDAY)]
    run = compute_pay([plan_of(budget_fen=1), later], work)
    assert (run.total_fen, run.budget_fen) == (15000, 15000)


def test_work_before_any_plan_is_listed_and_never_worth_nothing_in_silence() -> None:
    run = compute_pay([plan_of(effective_from=TUESDAY)], [work_of()])
    assert [(each.record_key, each.reason, each.rate_of) for each in run.unpriced] == [
        ("h1", "no_plan_in_force", "homework")
    ]
    assert run.lines == ()
    assert run.total_by_staff_fen == {}


def test_work_whose_kind_has_no_rate_is_listed() -> None:
    plan = plan_of(rate_fen_per_class_hour={"club": 9000})
    run = compute_pay([plan], [work_of("h1"), work_of("d1", category=None, duty_kind="patrol")])
    assert [(each.record_key, each.reason, each.rate_of) for each in run.unpriced] == [
        ("d1", "no_rate", "patrol"),
        ("h1", "no_rate", "homework"),
    ]


def test_a_rate_of_nothing_is_a_price_and_not_unpriced() -> None:
    run = compute_pay([plan_of(rate_fen_per_class_hour={"*": 0})], [work_of()])
    assert [line.amount_fen for line in run.lines] == [0]
    assert run.unpriced == ()


def test_the_rate_of_a_category_goes_before_the_rate_of_everything() -> None:
    plan = plan_of(rate_fen_per_class_hour={"*": 8000, "club": 9500})
    assert amounts_of([plan], [work_of("h1"), work_of("h2", category="club")]) == [8000, 9500]


def test_a_duty_has_its_own_rate_and_no_factor_of_a_session() -> None:
    plan = plan_of(
        duty_rate_fen={"patrol": 4000},
        factors=Factors(slot={"s1": Decimal(2)}, weekday={"1": Decimal(3)}),
    )
    assert amounts_of([plan], [work_of("d1", category=None, duty_kind="patrol", slot="s1")]) == [4000]


def test_every_factor_that_a_plan_weighs_multiplies_the_line() -> None:
    plan = plan_of(
        factors=Factors(
            slot={"s2": Decimal("1.1")},
            role={"lead": Decimal("1.3")},
            staff_kind={"retired": Decimal("0.7")},
            quality={"excellent": Decimal("1.9")},
            weekday={"1": Decimal("1.7")},
            headcount=(HeadcountBand(1, Decimal("0.9"), 20), HeadcountBand(21, Decimal("2.3"))),
        )
    )
    item = work_of(slot="s2", role="lead", staff_kind="retired", quality="excellent", headcount=21)
    run = compute_pay([plan], [item])
    assert [factor.name for factor in run.lines[0].price.factors] == [
        "slot", "role", "staff_kind", "quality", "weekday", "headcount",
    ]  # fmt: skip
    assert run.lines[0].exact_fen == Fraction(8000) * 11 * 13 * 7 * 19 * 17 * 23 / 10**6


@pytest.mark.parametrize(("headcount", "fen"), [(0, 8000), (1, 4000), (20, 4000), (21, 16000), (500, 16000)])
def test_both_ends_of_a_headcount_band_are_in_it(headcount: int, fen: int) -> None:
    bands = (HeadcountBand(1, Decimal("0.5"), 20), HeadcountBand(21, Decimal(2)))
    assert amounts_of([plan_of(factors=Factors(headcount=bands))], [work_of(headcount=headcount)]) == [fen]


def test_what_a_plan_does_not_name_counts_one() -> None:
    plan = plan_of(factors=Factors(role={"lead": Decimal(2)}))
    assert amounts_of([plan], [work_of(role="assistant", slot="s9")]) == [8000]


def test_a_daily_cap_cuts_the_later_record_first() -> None:
    plan = plan_of(caps=Caps(class_hours_per_day=Decimal("2.5")))
    work = [work_of(key, class_hours="1.5") for key in ("h2", "h1", "h3")]
    run = compute_pay([plan], work)
    assert [(line.record_key, line.paid_class_hours_hundredths) for line in run.lines] == [
        ("h1", 150),
        ("h2", 100),
        ("h3", 0),
    ]


def test_a_monthly_cap_begins_anew_with_the_month() -> None:
    plan = plan_of(caps=Caps(class_hours_per_month=Decimal(1)))
    days = [date(2025, 9, 29), date(2025, 9, 30), date(2025, 10, 9)]
    work = [work_of(f"h{place}", service_date=day) for place, day in enumerate(days)]
    assert amounts_of([plan], work) == [8000, 0, 8000]


def test_one_persons_cap_is_not_anothers() -> None:
    plan = plan_of(caps=Caps(class_hours_per_day=Decimal(1)))
    assert amounts_of([plan], [work_of("h1", "T1"), work_of("h1", "T2")]) == [8000, 8000]


def test_without_work_nothing_is_paid() -> None:
    run = compute_pay([plan_of(budget_fen=100)], [])
    assert (run.lines, run.unpriced, run.total_fen, run.refused) == ((), (), 0, False)


def test_scaling_keeps_the_exact_worth_of_a_line_beside_what_is_paid() -> None:
    scaled = compute_pay([plan_of(budget_fen=6000)], [work_of()]).lines[0]
    whole = compute_pay([plan_of()], [work_of()]).lines[0]
    assert scaled == replace(whole, worth=replace(whole.worth, amount_fen=Fen(6000)))
