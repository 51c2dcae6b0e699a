"""Money at risk: the hours at risk at the plan's price for such hours; unknown stays unknown."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit_worker.at_risk import worth_of
from services.audit_worker.fold import Row
from shared.class_hours import Hundredths
from shared.remuneration import AllocationPlan, Caps
from shared.work import WorkItem
from tests.world.district import District, Json
from tests.world.standard import S1, S2, duty, session

DAY = date(2025, 9, 8)


def row(subject: str = "T1", kind: str = "staff") -> Row:
    return Row(S1, kind, subject, DAY, None, "", "", 100, None, {})


def plan(**given: object) -> AllocationPlan:
    return AllocationPlan(school_id=S1, version="v1", effective_from=date(2025, 9, 1), **given)  # type: ignore[arg-type]


def work(staff_id: str, hundredths: int, **given: object) -> tuple[str, WorkItem]:
    return S1, WorkItem("r", staff_id, DAY, Hundredths(hundredths), **given)  # type: ignore[arg-type]


@given(st.lists(st.integers(1, 600), min_size=1, max_size=6), st.integers(0, 10**6))
def test_at_one_rate_hours_are_worth_the_rate(hours: list[int], rate: int) -> None:
    worth = worth_of(
        {S1: [plan(rate_fen_per_class_hour={"*": rate})]}, [work("T1", each) for each in hours], row(), DAY
    )
    assert worth is not None
    assert (worth.exact_fen, worth.of(100)) == (Fraction(sum(hours) * rate, 100), rate)


def test_only_the_persons_own_part_counts_where_the_finding_is_about_a_person() -> None:
    plans = {S1: [plan(rate_fen_per_class_hour={"homework": 8000, "arts": 9000})]}
    claimed = [work("T1", 150, category="homework"), work("T2", 50, category="arts")]
    own, both = worth_of(plans, claimed, row(), DAY), worth_of(plans, claimed, row("h1", "session"), DAY)
    assert own is not None
    assert both is not None
    assert (own.of(100), both.of(200)) == (8000, 16500)


def test_caps_and_budgets_bound_what_is_paid_and_not_what_an_hour_is_worth() -> None:
    bounded = plan(rate_fen_per_class_hour={"*": 7000}, budget_fen=1, caps=Caps(class_hours_per_day=Decimal(1)))
    worth = worth_of({S1: [bounded]}, [work("T1", 450)], row(), DAY)
    assert worth is not None
    assert worth.of(450) == 31500


@pytest.mark.parametrize(
    "plans",
    [
        pytest.param({}, id="no plan"),
        pytest.param({S1: [plan(rate_fen_per_class_hour={"arts": 9000})]}, id="no rate for it"),
        pytest.param({S2: [plan(rate_fen_per_class_hour={"*": 9000})]}, id="another school's plan"),
    ],
)
def test_what_no_plan_prices_is_unknown(plans: dict[str, list[AllocationPlan]]) -> None:
    assert worth_of(plans, [work("T1", 150, category="homework")], row(), DAY) is None
    assert worth_of(plans, [], row(), DAY) is None


async def _at_risk(school: District, rule: str) -> dict[str, int | None]:
    await school.audit()
    return {
        finding["subject"]["id"]: finding["amount_at_risk_fen"]
        for finding in await school.auditor.findings()
        if finding["rule"] == rule
    }


def _posted(**hours: float) -> Json:
    lines = [{"staff_id": staff_id, "class_hours": value} for staff_id, value in hours.items()]
    return {"school_id": S1, "publication_id": "p", "kind": "monthly_workload", "period": "2025-09", "lines": lines}


async def test_a_session_is_worth_its_own_rate_and_roles_and_a_new_plan_prices_it_anew(school: District) -> None:
    """1.25 × 80 yuan for the lead and 0.5 × 80 × 0.6 for the assistant; then 60 yuan for everything."""
    voice = school.school(S1)
    await voice.post("sessions", session("gone", headcount=0, staff={"T1": 1.25, "T2": 0.5}))
    assert await _at_risk(school, "A12") == {"gone": 12400}
    await voice.post(
        "allocation-plans",
        {"school_id": S1, "version": "v2", "effective_from": "2025-09-05", "rate_fen_per_class_hour": {"*": 6000}},
    )
    assert await _at_risk(school, "A12") == {"gone": 10500}


async def test_a_published_hour_is_worth_the_persons_mean_hour_of_the_month(school: District) -> None:
    """1.25 × 80 yuan and 0.5 × 50 are 125 yuan for 1.75 class hours; two more are published."""
    voice = school.school(S1)
    await voice.post("sessions", session(staff={"T1": 1.25, "T3": 1.5}))
    await voice.post("duties", duty("gate", "T1", 0.5))
    await voice.post("publications", _posted(T1=3.75, T3=1))
    assert await _at_risk(school, "D04") == {"T1": 14286, "T3": 0}


async def test_published_hours_of_nobodys_work_are_worth_the_rate_of_everything_else(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session(staff={"T1": 1.25}))
    await voice.post("publications", _posted(T1=1.25, T5=2))
    assert await _at_risk(school, "D05") == {"T5": 18000}


async def test_without_a_plan_the_money_is_unknown(school: District) -> None:
    await school.school(S2).post("sessions", session("u", school_id=S2, headcount=0, staff={"U1": 1.25}))
    assert await _at_risk(school, "A12") == {"u": None}
