"""The frauds in how pay is worked out: no valid plan, a cap that makes all pay the same, duty paid beyond all measure.

Labelled rules: E02, E03, E04, E06.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import mean, pstdev

import msgspec

from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School
from shared.remuneration import AllocationPlan, WorkItem, compute_pay

PLAN_FRAUDS = ("E02", "E03", "E04", "E06")
# Clearly beyond the rules' bounds: shares and spreads in percent, points of pay above work.
ALIKE, SPREAD, POINTS, MANAGERS_POINTS = 70, 30, 13, 10
LEAST_PEOPLE = 8
FLAT_RATE_FEN, DUTY_RATE_FEN = 8500, 90000
CAPS = (1.5, 3, 4.5, 6, 9, 12, 18, 24, 30)


def pay_of(school: School, work: Sequence[WorkItem]) -> dict[str, int]:
    """By person, what the school's plan makes of the work, in fen."""
    plans = [msgspec.json.decode(msgspec.json.encode(plan), type=AllocationPlan) for plan in school.plans]
    return {staff_id: int(amount) for staff_id, amount in compute_pay(plans, work).total_by_staff_fen.items()}


def hours_of(work: Sequence[WorkItem]) -> dict[str, int]:
    """By person, hundredths of class hours."""
    totals: Counter[str] = Counter()
    for item in work:
        totals[item.staff_id] += item.class_hours_hundredths
    return dict(totals)


def change_plan(fraud: str, school: School, work: Sequence[WorkItem], planted: Planted) -> None:
    """Change the plan before pay is worked out by it; a fraud that the work does not bear is left out."""
    (plan,) = school.plans
    if fraud == "E02":
        del plan["deliberation_id"]
        _label(planted, "E02", school, plan["version"], "a plan that nobody deliberated")
    if fraud == "E03":
        _cap_all(school, work, planted)
    if fraud == "E06":
        school.plans = [{**plan, "duty_rate_fen": {**plan["duty_rate_fen"], "duty": DUTY_RATE_FEN}}]
        if len(hours_of(work)) >= LEAST_PEOPLE and _managers_points(school, work) > POINTS:
            _label(planted, "E06", school, school.school_id, "900 yuan an hour for being on duty")
        else:
            school.plans = [plan]


def _label(planted: Planted, rule: str, school: School, subject: str, note: str) -> None:
    planted.label(rule, school.school_id, subject, note, period=TERM_ID)


def _cap_all(school: School, work: Sequence[WorkItem], planted: Planted) -> None:
    """A month's cap that nearly everybody reaches, and one rate for all."""
    (plan,) = school.plans
    hours = {staff_id: amount for staff_id, amount in hours_of(work).items() if amount}
    for cap in CAPS:
        rates = {"rate_fen_per_class_hour": {"*": FLAT_RATE_FEN}, "factors": {}}
        duties = {"duty_rate_fen": dict.fromkeys(plan["duty_rate_fen"], FLAT_RATE_FEN)}
        school.plans = [{**plan, **rates, **duties, "caps": {"class_hours_per_month": cap}}]
        pay = pay_of(school, work)
        ((usual, alike),) = Counter(pay[staff_id] for staff_id in hours).most_common(1)
        of_these = [amount for staff_id, amount in hours.items() if pay[staff_id] == usual]
        if (
            len(hours) >= LEAST_PEOPLE
            and alike * 100 >= ALIKE * len(hours)
            and pstdev(of_these) * 100 >= SPREAD * mean(of_these)
        ):
            _label(
                planted, "E03", school, school.school_id, f"a cap of {cap} class hours a month makes all pay the same"
            )
            if _managers_points(school, work) > MANAGERS_POINTS:
                _label(planted, "E06", school, school.school_id, "and managers have it for little work")
            return
    school.plans = [plan]


def _managers_points(school: School, work: Sequence[WorkItem]) -> float:
    """The managers' share of the pay above their share of the class hours, in percentage points."""
    pay, hours = pay_of(school, work), hours_of(work)
    managers = {person.staff_id for person in school.administrators}
    paid = [staff_id for staff_id in pay if pay[staff_id] > 0]
    share = sum(pay[each] for each in paid if each in managers) / sum(pay[each] for each in paid)
    work_share = sum(hours[each] for each in paid if each in managers) / sum(hours[each] for each in paid)
    return 100 * (share - work_share)


def one_who_did_less(school: School, work: Sequence[WorkItem]) -> tuple[str, str] | None:
    """Two of a kind, the first of whom did no more of every sort of work, and less in all; None if there are none."""
    kinds = {person.staff_id: person.kind for person in school.staff}
    sorts: Mapping[str, Counter[tuple[str | None, ...]]] = defaultdict(Counter)
    for item in work:
        sorts[item.staff_id][item.duty_kind or item.category, item.role, item.slot] += item.class_hours_hundredths
    for less, did in sorted(sorts.items()):
        for more, did_more in sorted(sorts.items()):
            of_a_kind = kinds.get(less) == kinds.get(more) is not None
            if of_a_kind and 0 < did.total() < did_more.total() and did <= did_more:
                return less, more
    return None
