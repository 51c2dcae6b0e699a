"""A line of pay says why it is what it is: class hours × rate × factors = amount, and what cut it."""

from decimal import Decimal

from services.reporting.pay_words import why
from shared.remuneration import Caps, Factors
from tests.shared.test_remuneration import compute_pay, plan_of, work_of


def test_a_line_says_why_it_is_worth_what_it_is_in_both_languages() -> None:
    plan = plan_of(
        factors=Factors(role={"lead": Decimal("1.20")}),
        caps=Caps(class_hours_per_day=Decimal("1.5")),
    )
    line = compute_pay([plan], [work_of(class_hours="2", role="lead")]).lines[0]
    assert why(line) == "1.5 课时 × 80.00 元 (作业辅导) × 1.2 (职责：主讲) = 144.00 元（申报 2 课时，超过上限部分不计）"
    assert why(line, language="en") == (
        "1.5 class hours × 80.00 yuan (homework guidance) × 1.2 (role: lead) = 144.00 yuan"
        " (claimed 2; above the cap is not paid)"
    )


def test_a_line_that_the_budget_cut_names_the_scale() -> None:
    run = compute_pay([plan_of(budget_fen=6000)], [work_of()])
    assert why(run.lines[0], scale=run.scale) == "1 课时 × 80.00 元 (作业辅导) × 0.750000 (预算比例) = 60.00 元"
