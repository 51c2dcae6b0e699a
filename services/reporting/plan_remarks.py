"""What a pay run says about its plan: how amounts spread, where it is flat (简单划一), where it breaks 多劳多得. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from statistics import fmean, pstdev

from msgspec import Struct

from shared.class_hours import shown_class_hours
from shared.money import shown_yuan
from shared.remuneration import AllocationPlan, PayRun
from shared.work import WorkDay

# As the rule E03 has them, with its reasons: among fewer people, or where the work itself is alike, alike pay says nothing.
LEAST_PEOPLE, HOURS_SPREAD_PERCENT, PAY_SPREAD_PERCENT, ALIKE_PERCENT = 8, 25, 5, 60
# Everybody is compared with everybody up to so many people; no school has more.
MOST_COMPARED = 500
NAMED_AT_MOST = 20


class Spread(Struct, frozen=True):
    """How amounts differ. gini: 0 when all have the same, towards 1 when one has all; ratio: highest ÷ lowest, None of 0."""

    lowest: int
    highest: int
    highest_to_lowest: float | None
    gini: float


class Remark(Struct, frozen=True):
    """One thing to know about a plan, in words, and whom it is about (at most twenty are named)."""

    code: str
    zh: str
    en: str
    staff_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Person:
    """One person's work and pay of a period. `sorts`: hundredths by what was done, in which role and slot."""

    staff_id: str
    kind: str | None
    hundredths: int
    sorts: Mapping[tuple[str | None, ...], int]
    amount_fen: int


def spread_of(amounts: Sequence[int]) -> Spread | None:
    """Of amounts that are none below zero; None of nobody."""
    if not amounts:
        return None
    ordered = sorted(amounts)
    total, people = sum(ordered), len(ordered)
    # Twice the mean distance of all pairs, over the mean: from the ranks, which needs one pass.
    ranked = sum((2 * place - people + 1) * amount for place, amount in enumerate(ordered))
    gini = Fraction(ranked, people * total) if total else Fraction(0)
    ratio = round(ordered[-1] / ordered[0], 4) if ordered[0] else None
    return Spread(ordered[0], ordered[-1], ratio, round(float(gini), 4))


def people_of(run: PayRun, work: Iterable[WorkDay], staff_kinds: Mapping[str, str]) -> list[Person]:
    """Everybody who worked, by id."""
    sorts: dict[str, dict[tuple[str | None, ...], int]] = defaultdict(lambda: defaultdict(int))
    for day in work:
        named = [(sort.duty_kind or sort.category, sort.role, sort.slot) for sort in day.sorts]
        for staff_id, at in zip(day.staff_ids, day.sort_of, strict=True):
            sorts[staff_id][named[at]] += day.sorts[at].class_hours_hundredths
    return [
        Person(
            staff_id, staff_kinds.get(staff_id), sum(own.values()), own, int(run.total_by_staff_fen.get(staff_id, 0))
        )
        for staff_id, own in sorted(sorts.items())
    ]


def remarks_on(plans: Sequence[AllocationPlan], run: PayRun, people: Sequence[Person]) -> list[Remark]:
    """What is to be said of the plans that priced this run, the gravest first."""
    versions = {line.price.plan_version for line in run.lines}
    used = [plan for plan in plans if plan.version in versions]
    return [
        *_unpriced(run),
        *_over_budget(run),
        *_less_work_more_pay(people),
        *_flat_amounts(people),
        *_worth_nothing(run),
        *_above_caps(run),
        *(remark for plan in used for remark in _not_weighed(plan)),
    ]


def _unpriced(run: PayRun) -> Iterator[Remark]:
    if run.unpriced:
        sorts = "、".join(sorted({item.rate_of for item in run.unpriced}))
        yield Remark(
            "unpriced",
            f"有 {len(run.unpriced)} 条工作没有适用的方案或单价（{sorts}），金额未知",
            f"{len(run.unpriced)} pieces of work have no plan in force or no rate ({sorts}): what they are worth is not known",
            _named(item.staff_id for item in run.unpriced),
        )


def _over_budget(run: PayRun) -> Iterator[Remark]:
    if run.refused:
        over = shown_yuan(run.total_fen - (run.budget_fen or 0))
        yield Remark(
            "over_budget",
            f"超出预算 {over} 元，方案规定不得超出",
            f"{over} yuan over the budget, which the plan refuses",
        )
    elif run.scale != 1:
        percent = f"{float(run.scale) * 100:.2f}"
        yield Remark(
            "scaled_to_budget",
            f"超出预算，所有金额按 {percent}% 折算",
            f"over the budget: every amount is scaled to {percent} %",
        )


def _less_work_more_pay(people: Sequence[Person]) -> Iterator[Remark]:
    """Whoever did no more than another of the same kind of any sort, less in all, and is paid more: 多劳多得 is broken."""
    worst: tuple[int, Person, Person] | None = None
    pairs, named = 0, set()
    for one, other in combinations(people[:MOST_COMPARED], 2):
        less, more = sorted((one, other), key=lambda person: person.hundredths)
        if less.kind != more.kind or less.amount_fen <= more.amount_fen or less.hundredths == more.hundredths:
            continue
        if any(hours > more.sorts.get(sort, 0) for sort, hours in less.sorts.items()):
            continue
        pairs += 1
        named |= {less.staff_id, more.staff_id}
        if worst is None or less.amount_fen - more.amount_fen > worst[0]:
            worst = less.amount_fen - more.amount_fen, less, more
    if worst is not None:
        _, less, more = worst
        few, many = shown_class_hours(less.hundredths), shown_class_hours(more.hundredths)
        high, low = shown_yuan(less.amount_fen), shown_yuan(more.amount_fen)
        yield Remark(
            "less_work_more_pay",
            f"有违多劳多得：{pairs} 对人员中各类工作均不多者报酬反而更高，例如 {less.staff_id}（{few} 课时，{high} 元）"
            f"高于 {more.staff_id}（{many} 课时，{low} 元）",
            f"less work, more pay: in {pairs} pairs the one who did no more of any sort is paid more, e.g. {less.staff_id} "
            f"({few} class hours, {high} yuan) above {more.staff_id} ({many} class hours, {low} yuan)",
            _named(named),
        )


def _flat_amounts(people: Sequence[Person]) -> Iterator[Remark]:
    paid = [person for person in people if person.amount_fen > 0 and person.hundredths > 0]
    if len(paid) < LEAST_PEOPLE:
        return
    hours, pay = _percent(person.hundredths for person in paid), _percent(person.amount_fen for person in paid)
    if hours >= HOURS_SPREAD_PERCENT and pay <= PAY_SPREAD_PERCENT:
        yield Remark(
            "flat",
            f"简单划一：课时相差 {hours:.0f}%，报酬只相差 {pay:.0f}%",
            f"flat: class hours spread {hours:.0f} %, pay {pay:.0f} %",
        )
        return
    of_amount: dict[int, list[Person]] = defaultdict(list)
    for person in paid:
        of_amount[person.amount_fen].append(person)
    alike = max(of_amount.values(), key=len)
    theirs = _percent(person.hundredths for person in alike)
    if len(alike) * 100 >= len(paid) * ALIKE_PERCENT and theirs >= HOURS_SPREAD_PERCENT:
        amount = shown_yuan(alike[0].amount_fen)
        yield Remark(
            "flat",
            f"简单划一：{len(paid)} 人中有 {len(alike)} 人同为 {amount} 元，其课时相差 {theirs:.0f}%",
            f"flat: {len(alike)} of {len(paid)} people have {amount} yuan each, though their class hours spread {theirs:.0f} %",
            _named(person.staff_id for person in alike),
        )


def _worth_nothing(run: PayRun) -> Iterator[Remark]:
    nothing = [line for line in run.lines if not line.price.fen_per_class_hour and line.paid_class_hours_hundredths > 0]
    if nothing:
        hours = shown_class_hours(sum(line.paid_class_hours_hundredths for line in nothing))
        sorts = "、".join(sorted({line.price.rate_of for line in nothing}))
        yield Remark(
            "worth_nothing",
            f"{hours} 课时因单价或系数为 0 没有报酬（{sorts}）",
            f"{hours} class hours earn nothing, for their rate or a factor is 0 ({sorts})",
            _named(line.staff_id for line in nothing),
        )


def _above_caps(run: PayRun) -> Iterator[Remark]:
    cut = [line for line in run.lines if line.paid_class_hours_hundredths < line.class_hours_hundredths]
    if cut:
        hours = shown_class_hours(sum(line.class_hours_hundredths - line.paid_class_hours_hundredths for line in cut))
        people = len({line.staff_id for line in cut})
        yield Remark(
            "above_caps",
            f"{people} 人共 {hours} 课时超过上限不计报酬：超过后多劳不再多得",
            f"{hours} class hours of {people} people are above the caps and earn nothing: beyond them more work is no more pay",
            _named(line.staff_id for line in cut),
        )


def _not_weighed(plan: AllocationPlan) -> Iterator[Remark]:
    """Which of the seven factors of 一(一)5 the plan leaves out; duration is every plan's."""
    factors = plan.factors
    weighed = (
        ("时段", "slot", bool(factors.slot or factors.weekday)),
        ("内容", "content", len(set(plan.rate_fen_per_class_hour.values())) > 1),
        ("职责", "duty", bool(factors.role or factors.staff_kind or plan.duty_rate_fen)),
        ("效果、满意度", "effect and satisfaction", bool(factors.quality)),
        ("服务学生规模", "number of pupils", bool(factors.headcount)),
    )
    missing = [(zh, en) for zh, en, is_weighed in weighed if not is_weighed]
    if missing:
        zh, en = "、".join(each[0] for each in missing), ", ".join(each[1] for each in missing)
        alone = len(missing) == len(weighed)
        yield Remark(
            "one_rate" if alone else "not_weighed",
            f"方案 {plan.version} {'只按课时数计酬，' if alone else ''}未体现：{zh}（一(一)5）",
            f"plan {plan.version} {'pays by class hours alone and ' if alone else ''}does not weigh: {en} (一(一)5)",
        )


def _percent(numbers: Iterable[int]) -> float:
    """The standard deviation in percent of the mean."""
    values = list(numbers)
    return 100 * pstdev(values) / fmean(values) if any(values) else 0.0


def _named(staff_ids: Iterable[str]) -> Sequence[str]:
    return sorted(set(staff_ids))[:NAMED_AT_MOST]
