"""The frauds in how pay is worked out: no valid plan, the same pay for all, duty paid beyond all measure.

Labelled rules: E02, E03, E04, E06.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import mean, pstdev

import msgspec

from services.cli.simulator.figure_frauds import Books
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School
from shared.remuneration import AllocationPlan, compute_pay
from shared.work import WorkItem, days_of

PLAN_FRAUDS = ("E02", "E03", "E04", "E06")
# Clearly beyond the rules' bounds: shares and spreads in percent, points of pay above work.
SPREAD, POINTS, MANAGERS_POINTS = 28, 13, 10
LEAST_PEOPLE = 8
DUTY_RATE_FEN = 90000


def pay_of(school: School, work: Sequence[WorkItem]) -> dict[str, int]:
    """By person, what the school's plan makes of the work, in fen."""
    plans = [msgspec.json.decode(msgspec.json.encode(plan), type=AllocationPlan) for plan in school.plans]
    return {staff_id: int(amount) for staff_id, amount in compute_pay(plans, days_of(work)).total_by_staff_fen.items()}


def hours_of(work: Sequence[WorkItem]) -> dict[str, int]:
    """By person, hundredths of class hours."""
    totals: Counter[str] = Counter()
    for item in work:
        totals[item.staff_id] += item.class_hours_hundredths
    return dict(totals)


def change_plan(fraud: str, school: School, work: Sequence[WorkItem], planted: Planted) -> None:
    """E02 and E06: change the plan before pay is worked out by it; a fraud that the work does not bear is left out."""
    (plan,) = school.plans
    if fraud == "E02":
        del plan["deliberation_id"]
        _label(planted, "E02", school, plan["version"], "a plan that nobody deliberated")
    if fraud == "E06":
        school.plans = [{**plan, "duty_rate_fen": {**plan["duty_rate_fen"], "duty": DUTY_RATE_FEN}}]
        if (
            len(hours_of(work)) >= LEAST_PEOPLE
            and _managers_points(school, pay_of(school, work), hours_of(work)) > POINTS
        ):
            _label(planted, "E06", school, school.school_id, "900 yuan an hour for being on duty")
        else:
            school.plans = [plan]


def _label(planted: Planted, rule: str, school: School, subject: str, note: str) -> None:
    planted.label(rule, school.school_id, subject, note, period=TERM_ID)


def share_alike(books: Books, work: Sequence[WorkItem], planted: Planted) -> None:
    """E03: no plan, and everybody has the same, whatever they did; where managers did little, E06 as well."""
    school, hours = books.school, {staff_id: amount for staff_id, amount in hours_of(work).items() if amount}
    if len(hours) < LEAST_PEOPLE or pstdev(hours.values()) * 100 < SPREAD * mean(hours.values()):
        return
    amount = round(mean(books.posted[staff_id][1] for staff_id in hours))
    for staff_id in hours:
        _restate(books, staff_id, amount)
    _have_no_plan(school, planted)
    _label(planted, "E03", school, school.school_id, "all have the same, whatever they did")
    if _managers_points(school, dict.fromkeys(hours, amount), hours) > MANAGERS_POINTS:
        _label(planted, "E06", school, school.school_id, "and managers have it for little work")


def reverse_pay(books: Books, work: Sequence[WorkItem], planted: Planted) -> None:
    """E04: no plan, and one who did less has half as much again as another who did more."""
    pair = _one_who_did_less(books.school, work)
    if pair is not None:
        less, more = pair
        _restate(books, less, books.posted[more][1] * 3 // 2 + 100)
        _have_no_plan(books.school, planted)
        _label(planted, "E04", books.school, less, "less work and more pay")


def _restate(books: Books, staff_id: str, amount_fen: int) -> None:
    """The same amount wherever it is stated."""
    for lines in (books.posted, books.reported):
        lines[staff_id] = (lines[staff_id][0], amount_fen)
    books.paid[staff_id] = amount_fen


def _have_no_plan(school: School, planted: Planted) -> None:
    school.plans = []
    _label(planted, "E02", school, school.school_id, "pay without a plan")


def _managers_points(school: School, pay: Mapping[str, int], hours: Mapping[str, int]) -> float:
    """The managers' share of the pay above their share of the class hours, in percentage points."""
    managers = {person.staff_id for person in school.administrators}
    paid = [staff_id for staff_id in pay if pay[staff_id] > 0]
    share = sum(pay[each] for each in paid if each in managers) / sum(pay[each] for each in paid)
    work_share = sum(hours[each] for each in paid if each in managers) / sum(hours[each] for each in paid)
    return 100 * (share - work_share)


def _one_who_did_less(school: School, work: Sequence[WorkItem]) -> tuple[str, str] | None:
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
