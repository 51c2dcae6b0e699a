"""Remuneration (报酬): class hours × the school's allocation plan → pay lines with their why; 一(一)5. Pure and exact.

An amount is rate × class hours × factors, kept as an exact fraction until the one rounding at the end of its line;
totals are sums of lines, so they always add up.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from shared.allocation_plan import EVERYTHING, AllocationPlan, Caps, Factors, HeadcountBand
from shared.class_hours import Hundredths, shown_class_hours
from shared.money import Fen, round_to_fen, shown_yuan, split_in_proportion
from shared.vocabulary import CODE_LISTS

__all__ = [
    "FACTOR_NAMES", "AllocationPlan", "Caps", "FactorUsed", "Factors", "HeadcountBand", "PackedWork", "PayLine", "PayRun",
    "Price", "UnpricedWork", "WorkItem", "compute_pay", "why",
]  # fmt: skip


class WorkItem(Struct, frozen=True, gc=False):
    """One person's part in one held session, or one duty. What of the person is not said here, the run is told."""

    record_key: str
    staff_id: str
    service_date: date
    class_hours_hundredths: Hundredths
    category: str | None = None
    duty_kind: str | None = None
    slot: str | None = None
    role: str | None = None
    staff_kind: str | None = None
    headcount: int | None = None
    quality: str | None = None


class PackedWork(WorkItem, frozen=True, gc=False, array_like=True):
    """The same as a rollup keeps it: a list of the fields in their order."""


class FactorUsed(Struct, frozen=True):
    """One factor of a line: which table, which entry, its value."""

    name: str
    entry: str
    value: Decimal


class Price(Struct, frozen=True):
    """What a class hour of one sort of work is worth under one version, and where that comes from."""

    rate_fen: Fen
    rate_of: str
    factors: tuple[FactorUsed, ...]
    plan_version: str
    # Rate × factors.
    fen_per_class_hour: Fraction


class PayLine(Struct, frozen=True, gc=False):
    """class hours paid × price = amount, and the ledger's record with its revision. Lines of one sort share their price."""

    record_key: str
    staff_id: str
    service_date: date
    class_hours_hundredths: Hundredths
    paid_class_hours_hundredths: Hundredths
    price: Price
    amount_fen: Fen

    @property
    def exact_fen(self) -> Fraction:
        """The amount before the budget and before its one rounding."""
        return self.price.fen_per_class_hour * self.paid_class_hours_hundredths / 100


class UnpricedWork(Struct, frozen=True, gc=False):
    """Work for which no plan version is in force, or its plan names no rate. It is never worth 0 in silence."""

    record_key: str
    staff_id: str
    service_date: date
    reason: Literal["no_plan_in_force", "no_rate"]
    rate_of: str


@dataclass(frozen=True)
class PayRun:
    """Lines in the order of person, date and record; amounts add up to the totals to the fen."""

    lines: tuple[PayLine, ...]
    unpriced: tuple[UnpricedWork, ...]
    total_by_staff_fen: Mapping[str, Fen]
    total_fen: Fen
    budget_fen: Fen | None
    # What every line was multiplied by to fit the budget; 1 when it fitted.
    scale: Fraction
    refused: bool


def compute_pay(
    plans: Sequence[AllocationPlan],
    work: Iterable[WorkItem],
    *,
    staff_kinds: Mapping[str, str] | None = None,
    qualities: Mapping[str, str] | None = None,
) -> PayRun:
    """The pay run of a period; 一(一)5 多劳多得, 一(二)3 据实发放.

    `plans`: the school's versions in any order; the latest that began applies on a date. The budget is the one of the
    version in force on the last day of the work: next term's plan does not bound this term's pay. `work`: in any order;
    caps cut the later records of a day or month first. `staff_kinds`, `qualities`: by person, of work that does not say.
    """
    in_force = _InForce(plans)
    kinds, grades = staff_kinds or {}, qualities or {}
    lines: list[PayLine] = []
    unpriced: list[UnpricedWork] = []
    totals: dict[str, Fen] = {}
    paid_so_far: dict[tuple[str, object], int] = {}
    for staff_id, own in _by_person(work):
        kind, grade = kinds.get(staff_id), grades.get(staff_id)
        begins = len(lines)
        for item in own:
            version = in_force[item.service_date]
            worth = None
            if version is not None:
                # The same work was priced before, as nearly all is: no call for it.
                known = version.known.get(version.sort(item)) if version.plain else None
                worth = known or version.worth(item, kind, grade, paid_so_far)
            if worth is None:
                reason: Literal["no_plan_in_force", "no_rate"] = "no_plan_in_force" if version is None else "no_rate"
                unpriced.append(UnpricedWork(item.record_key, staff_id, item.service_date, reason, _sort_of(item)))
                continue
            claimed = item.class_hours_hundredths
            lines.append(PayLine(item.record_key, staff_id, item.service_date, claimed, worth[0], worth[1], worth[2]))
        if len(lines) > begins:
            totals[staff_id] = Fen(sum(line.amount_fen for line in lines[begins:]))
    return _within_budget(lines, unpriced, totals, in_force.last())


_when = attrgetter("service_date", "record_key")


def _by_person(work: Iterable[WorkItem]) -> Iterator[tuple[str, Sequence[WorkItem]]]:
    """Each person's work by date and record; two parts in one record by all that they say, so that no order given matters."""
    of_each: dict[str, list[WorkItem]] = defaultdict(list)
    for item in work:
        of_each[item.staff_id].append(item)
    for staff_id, own in sorted(of_each.items()):
        if len({item.record_key for item in own}) < len(own):
            own.sort(key=repr)
        # What comes day by day is in order already, and costs one look.
        own.sort(key=_when)
        yield staff_id, own


# Class hours paid, their price, and the amount.
_Worth = tuple[Hundredths, Price, Fen]


class _Version:
    """A plan's version with what it has priced so far: work has thousands of lines of a few sorts.

    Of a sort is what has the same hours, rate and factors; only what the plan weighs tells sorts apart.
    """

    def __init__(self, plan: AllocationPlan) -> None:
        self.plan = plan
        weighed = [name for name in ("slot", "role", "headcount") if getattr(plan.factors, name)]
        self.sort = attrgetter("class_hours_hundredths", "category", "duty_kind", *weighed)
        self._by_person = bool(plan.factors.staff_kind or plan.factors.quality or plan.factors.weekday)
        self._capped = plan.caps != Caps()
        # Whether what is known of a sort is all there is to say.
        self.plain = not self._by_person and not self._capped
        self.known: dict[tuple[object, ...], _Worth | None] = {}

    def worth(
        self, item: WorkItem, kind: str | None, grade: str | None, paid_so_far: dict[tuple[str, object], int]
    ) -> _Worth | None:
        """Of one piece of work, under the caps; None when the plan names no rate for it."""
        sort = self.sort(item)
        if self._by_person:
            kind, grade = item.staff_kind or kind, item.quality or grade
            sort = (*sort, kind, grade, item.service_date.weekday())
        try:
            worth = self.known[sort]
        except KeyError:
            worth = self.known[sort] = self._priced(item, item.class_hours_hundredths, kind, grade)
        if self._capped and worth is not None:
            hours = _within_caps(self.plan.caps, item, paid_so_far)
            if hours != worth[0]:
                return hours, worth[1], round_to_fen(worth[1].fen_per_class_hour * hours / 100)
        return worth

    def _priced(self, item: WorkItem, hours: Hundredths, kind: str | None, grade: str | None) -> _Worth | None:
        price = _price(self.plan, item, kind, grade)
        return None if price is None else (hours, price, round_to_fen(price.fen_per_class_hour * hours / 100))


class _InForce(dict[date, _Version | None]):
    """By day of the work: the latest version that began and has not ended."""

    def __init__(self, plans: Sequence[AllocationPlan]) -> None:
        super().__init__()
        latest_first = sorted(plans, key=lambda plan: (plan.effective_from, plan.version), reverse=True)
        self._latest_first = [_Version(plan) for plan in latest_first]

    def __missing__(self, day: date) -> _Version | None:
        found = self[day] = next((each for each in self._latest_first if _in_force(each.plan, day)), None)
        return found

    def last(self) -> AllocationPlan | None:
        """The plan of the last day of work that any applies to."""
        planned = {day: version for day, version in self.items() if version is not None}
        return planned[max(planned)].plan if planned else None


def _in_force(plan: AllocationPlan, day: date) -> bool:
    return plan.effective_from <= day and (plan.effective_to is None or day <= plan.effective_to)


def _sort_of(item: WorkItem) -> str:
    """What the rate is looked up by."""
    return (item.category if item.duty_kind is None else item.duty_kind) or EVERYTHING


def _price(plan: AllocationPlan, item: WorkItem, staff_kind: str | None, quality: str | None) -> Price | None:
    name = _sort_of(item)
    table = plan.rate_fen_per_class_hour if item.duty_kind is None else plan.duty_rate_fen
    rate_fen = table.get(name, table.get(EVERYTHING))
    if rate_fen is None:
        return None
    factors = tuple(_factors(plan.factors, item, staff_kind, quality)) if item.duty_kind is None else ()
    worth = Fraction(rate_fen)
    for factor in factors:
        worth *= Fraction(factor.value)
    return Price(Fen(rate_fen), name, factors, plan.version, worth)


def _within_caps(caps: Caps, item: WorkItem, paid_so_far: dict[tuple[str, object], int]) -> Hundredths:
    hours = int(item.class_hours_hundredths)
    month = (item.service_date.year, item.service_date.month)
    for period, cap in ((item.service_date, caps.class_hours_per_day), (month, caps.class_hours_per_month)):
        if cap is not None:
            hours = min(hours, max(0, int(cap * 100) - paid_so_far.get((item.staff_id, period), 0)))
    for period in (item.service_date, month):
        paid_so_far[item.staff_id, period] = paid_so_far.get((item.staff_id, period), 0) + hours
    return Hundredths(hours)


def _factors(factors: Factors, item: WorkItem, staff_kind: str | None, quality: str | None) -> Iterator[FactorUsed]:
    """The factors of the plan that apply to a session, in the plan's order; a duty has its own rate and none of these."""
    tables: tuple[tuple[str, Mapping[str, Decimal], str | None], ...] = (
        ("slot", factors.slot, item.slot),
        ("role", factors.role, item.role),
        ("staff_kind", factors.staff_kind, staff_kind),
        ("quality", factors.quality, quality),
        ("weekday", factors.weekday, str(item.service_date.isoweekday())),
    )
    for name, table, entry in tables:
        if entry is not None and entry in table:
            yield FactorUsed(name, entry, table[entry])
    if item.headcount is not None:
        for band in factors.headcount:
            if band.from_ <= item.headcount and (band.to is None or item.headcount <= band.to):
                yield FactorUsed("headcount", f"{band.from_}–{'' if band.to is None else band.to}", band.factor)
                break


def _within_budget(
    lines: Sequence[PayLine],
    unpriced: Sequence[UnpricedWork],
    totals: dict[str, Fen],
    plan: AllocationPlan | None,
) -> PayRun:
    budget = None if plan is None else plan.budget_fen
    scale, refused = Fraction(1), False
    # A line is rounded by half a fen at most: what is that far below the budget needs no exact sum.
    if plan is not None and budget is not None and sum(totals.values()) + len(lines) > budget:
        exact_total = _exact_total(lines)
        if max(exact_total, Fraction(sum(totals.values()))) > budget:
            if plan.over_budget == "refuse":
                refused = True
            else:
                scale = min(Fraction(1), Fraction(budget) / exact_total) if exact_total else Fraction(1)
                shares = split_in_proportion([line.exact_fen for line in lines], Fen(budget))
                lines = [replace(line, amount_fen=share) for line, share in zip(lines, shares, strict=True)]
                totals = dict.fromkeys(totals, Fen(0))
                for line in lines:
                    totals[line.staff_id] = Fen(totals[line.staff_id] + line.amount_fen)
    return PayRun(
        lines=tuple(lines),
        unpriced=tuple(unpriced),
        total_by_staff_fen=totals,
        total_fen=Fen(sum(totals.values())),
        budget_fen=None if budget is None else Fen(budget),
        scale=scale,
        refused=refused,
    )


def _exact_total(lines: Iterable[PayLine]) -> Fraction:
    """The sum of the lines before their rounding: many have the same price, and a fraction's sum is dear."""
    hours: dict[int, int] = {}
    prices: dict[int, Price] = {}
    for line in lines:
        place = id(line.price)
        prices[place] = line.price
        hours[place] = hours.get(place, 0) + line.paid_class_hours_hundredths
    return sum((prices[place].fen_per_class_hour * hours[place] for place in prices), Fraction(0)) / 100


def why(line: PayLine, *, scale: Fraction = Fraction(1), language: Literal["zh", "en"] = "zh") -> str:
    """One sentence: class hours × rate × factors = amount, and what cut it."""
    zh, price = language == "zh", line.price
    unit, per = ("课时", "元") if zh else ("class hours", "yuan")
    rate_of = _label(price.rate_of, ("category", "duty_kind"), language)
    parts = [
        f"{shown_class_hours(line.paid_class_hours_hundredths)} {unit}",
        f"{shown_yuan(price.rate_fen)} {per} ({rate_of})",
    ]
    parts += [_shown_factor(factor, language) for factor in price.factors]
    if scale != 1:
        parts.append(f"{float(scale):.6f} ({'预算比例' if zh else 'budget scale'})")
    sentence = f"{' × '.join(parts)} = {shown_yuan(line.amount_fen)} {per}"
    if line.paid_class_hours_hundredths != line.class_hours_hundredths:
        claimed = shown_class_hours(line.class_hours_hundredths)
        sentence += (
            f"（申报 {claimed} 课时，超过上限部分不计）" if zh else f" (claimed {claimed}; above the cap is not paid)"
        )
    return sentence


# A factor's name in both languages, and the code list its entries are of.
FACTOR_NAMES: Mapping[str, tuple[str, str, str]] = {
    "slot": ("时段", "slot", ""),
    "role": ("职责", "role", "staff_role"),
    "staff_kind": ("人员类别", "kind of person", "staff_kind"),
    "headcount": ("学生人数", "pupils", ""),
    "quality": ("效果", "quality", ""),
    "weekday": ("星期", "weekday", ""),
}


def _shown_factor(factor: FactorUsed, language: Literal["zh", "en"]) -> str:
    zh, en, codes = FACTOR_NAMES[factor.name]
    entry = _label(factor.entry, (codes,), language)
    return f"{factor.value.normalize():f} ({f'{zh}：{entry}' if language == 'zh' else f'{en}: {entry}'})"


def _label(code: str, lists: Iterable[str], language: Literal["zh", "en"]) -> str:
    for name in lists:
        label = CODE_LISTS.get(name, {}).get(code)
        if label is not None:
            return label.zh if language == "zh" else label.en
    return code
