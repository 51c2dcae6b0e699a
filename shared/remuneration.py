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
from itertools import chain, repeat
from operator import attrgetter
from typing import Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from shared.allocation_plan import EVERYTHING, AllocationPlan, Caps, Factors, HeadcountBand
from shared.class_hours import Hundredths
from shared.money import Fen, round_to_fen, split_in_proportion
from shared.work import WorkDay, WorkItem, WorkSort

__all__ = [
    "AllocationPlan", "Caps", "FactorUsed", "Factors", "HeadcountBand", "PayLine", "PayRun", "Price",
    "UnpricedWork", "Worth", "compute_pay",
]  # fmt: skip


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


class Worth(Struct, frozen=True, gc=False):
    """Class hours claimed and paid × price = amount. Lines of one sort share theirs."""

    class_hours_hundredths: Hundredths
    paid_class_hours_hundredths: Hundredths
    price: Price
    amount_fen: Fen


class PayLine(Struct, frozen=True, gc=False):
    """One person's part in one of the ledger's records, with its revision, and what it is worth."""

    record_key: str
    staff_id: str
    service_date: date
    worth: Worth

    @property
    def class_hours_hundredths(self) -> Hundredths:
        """As claimed."""
        return self.worth.class_hours_hundredths

    @property
    def paid_class_hours_hundredths(self) -> Hundredths:
        """Under the plan's caps."""
        return self.worth.paid_class_hours_hundredths

    @property
    def price(self) -> Price:
        """Of a class hour."""
        return self.worth.price

    @property
    def amount_fen(self) -> Fen:
        """What is paid."""
        return self.worth.amount_fen

    @property
    def exact_fen(self) -> Fraction:
        """The amount before the budget and before its one rounding."""
        return self.worth.price.fen_per_class_hour * self.worth.paid_class_hours_hundredths / 100


class UnpricedWork(Struct, frozen=True, gc=False):
    """Work for which no plan version is in force, or its plan names no rate. It is never worth 0 in silence."""

    record_key: str
    staff_id: str
    service_date: date
    reason: Literal["no_plan_in_force", "no_rate"]
    rate_of: str


@dataclass(frozen=True)
class PayRun:
    """Lines by person, each person's in the order of date and record; amounts add up to the totals to the fen."""

    lines_by_staff: Mapping[str, Sequence[PayLine]]
    unpriced: tuple[UnpricedWork, ...]
    total_by_staff_fen: Mapping[str, Fen]
    total_fen: Fen
    budget_fen: Fen | None
    # What every line was multiplied by to fit the budget; 1 when it fitted.
    scale: Fraction
    refused: bool

    @property
    def lines(self) -> tuple[PayLine, ...]:
        """Everybody's."""
        return tuple(chain.from_iterable(self.lines_by_staff.values()))


def compute_pay(
    plans: Sequence[AllocationPlan],
    work: Iterable[WorkDay],
    *,
    staff_kinds: Mapping[str, str] | None = None,
    qualities: Mapping[str, str] | None = None,
) -> PayRun:
    """The pay run of a period; 一(一)5 多劳多得, 一(二)3 据实发放.

    `plans`: the school's versions in any order; the latest that began applies on a date. The budget is the one of the
    version in force on the last day of the work: next term's plan does not bound this term's pay. `work`: days in any
    order, each once; caps cut the later records of a day or month first. `staff_kinds`, `qualities`: by person, of work
    that does not say.
    """
    in_force = _InForce(plans, _Standing(staff_kinds or {}, qualities or {}))
    of_each: dict[str, list[PayLine]] = defaultdict(list)
    unpriced: list[UnpricedWork] = []
    for day in sorted(work, key=_when):
        version = in_force[day.service_date]
        worths: Sequence[Worth | None] = [None] * len(day.sort_of) if version is None else version.worths(day)
        record_keys, staff_ids = day.record_keys, day.staff_ids
        if not all(worths):
            unpriced += _unpriced(day, worths, "no_plan_in_force" if version is None else "no_rate")
            known = [place for place, worth in enumerate(worths) if worth is not None]
            record_keys, staff_ids = [record_keys[place] for place in known], [staff_ids[place] for place in known]
            worths = [worths[place] for place in known]
        # What is done for each line is done in the interpreter's own loops: a term of a school has thousands.
        lines = map(PayLine, record_keys, staff_ids, repeat(day.service_date), cast("Sequence[Worth]", worths))
        for staff_id, line in zip(staff_ids, lines, strict=True):
            of_each[staff_id].append(line)
    unpriced.sort(key=attrgetter("staff_id"))
    return _within_budget(dict(sorted(of_each.items())), unpriced, in_force.last())


_when = attrgetter("service_date")
_amount = attrgetter("worth.amount_fen")


def _unpriced(
    day: WorkDay, worths: Sequence[Worth | None], reason: Literal["no_plan_in_force", "no_rate"]
) -> Iterator[UnpricedWork]:
    for item, worth in zip(day.items(), worths, strict=True):
        if worth is None:
            yield UnpricedWork(item.record_key, item.staff_id, item.service_date, reason, _sort_of(item))


# Somebody's kind and quality, where these are known.
_Kind = tuple[str | None, str | None]


class _Standing(dict[str, _Kind]):
    """By person, with what caps have paid so far."""

    def __init__(self, staff_kinds: Mapping[str, str], qualities: Mapping[str, str]) -> None:
        super().__init__()
        self._staff_kinds, self._qualities = staff_kinds, qualities
        self.paid: dict[tuple[str, object], int] = {}

    def __missing__(self, staff_id: str) -> _Kind:
        found = self[staff_id] = self._staff_kinds.get(staff_id), self._qualities.get(staff_id)
        return found


class _Version:
    """A plan's version with what it has priced so far: work has thousands of lines of a few sorts."""

    def __init__(self, plan: AllocationPlan, standing: _Standing) -> None:
        self.plan, self._standing = plan, standing
        self._by_person = bool(plan.factors.staff_kind or plan.factors.quality)
        self._capped = plan.caps != Caps()
        # By sort and weekday.
        self._known: dict[tuple[WorkSort, int], _OfSort] = {}

    def worths(self, day: WorkDay) -> Sequence[Worth | None]:
        """Of each piece of a day's work, under the caps; None where the plan names no rate for it."""
        factors = self.plan.factors
        weekday = day.service_date.isoweekday() if factors.weekday else 0
        of_sorts = [self._of(sort, weekday) for sort in day.sorts]
        headcounts: Iterable[int | None] = day.headcounts if factors.headcount else repeat(None)
        people: Iterable[_Kind] = (
            map(self._standing.__getitem__, day.staff_ids) if self._by_person else repeat((None, None))
        )
        if factors.headcount or self._by_person:
            worths = [
                of_sorts[at][each] for at, each in zip(day.sort_of, zip(headcounts, people, strict=False), strict=False)
            ]
        else:
            alike = [of_sort[None, (None, None)] for of_sort in of_sorts]
            worths = [alike[at] for at in day.sort_of]
        return self._cut(day, worths) if self._capped else worths

    def _of(self, sort: WorkSort, weekday: int) -> "_OfSort":
        found = self._known.get((sort, weekday))
        if found is None:
            found = self._known[sort, weekday] = _OfSort(self.plan, sort, weekday)
        return found

    def _cut(self, day: WorkDay, worths: Iterable[Worth | None]) -> list[Worth | None]:
        cut: list[Worth | None] = []
        for staff_id, worth in zip(day.staff_ids, worths, strict=True):
            claimed = 0 if worth is None else worth.class_hours_hundredths
            hours = _within_caps(self.plan.caps, staff_id, day.service_date, claimed, self._standing.paid)
            cut.append(worth if worth is None or hours == claimed else _worth(worth.price, claimed, hours))
        return cut


class _OfSort(dict[tuple[int | None, _Kind], "Worth | None"]):
    """What one sort of work is worth, by what else the plan weighs: how many pupils, and who."""

    def __init__(self, plan: AllocationPlan, sort: WorkSort, weekday: int) -> None:
        super().__init__()
        self._plan, self._sort, self._weekday = plan, sort, weekday

    def __missing__(self, place: tuple[int | None, _Kind]) -> Worth | None:
        sort, (headcount, (kind, quality)) = self._sort, place
        price = _price(self._plan, sort, self._weekday, headcount, sort.staff_kind or kind, sort.quality or quality)
        hours = sort.class_hours_hundredths
        found = self[place] = None if price is None else _worth(price, hours, hours)
        return found


def _worth(price: Price, claimed: int, paid: int) -> Worth:
    amount = round_to_fen(price.fen_per_class_hour * paid / 100)
    return Worth(Hundredths(claimed), Hundredths(paid), price, amount)


class _InForce(dict[date, _Version | None]):
    """By day of the work: the latest version that began and has not ended."""

    def __init__(self, plans: Sequence[AllocationPlan], standing: _Standing) -> None:
        super().__init__()
        latest_first = sorted(plans, key=lambda plan: (plan.effective_from, plan.version), reverse=True)
        self._latest_first = [_Version(plan, standing) for plan in latest_first]

    def __missing__(self, day: date) -> _Version | None:
        found = self[day] = next((each for each in self._latest_first if _in_force(each.plan, day)), None)
        return found

    def last(self) -> AllocationPlan | None:
        """The plan of the last day of work that any applies to."""
        planned = {day: version for day, version in self.items() if version is not None}
        return planned[max(planned)].plan if planned else None


def _in_force(plan: AllocationPlan, day: date) -> bool:
    return plan.effective_from <= day and (plan.effective_to is None or day <= plan.effective_to)


def _sort_of(work: WorkItem | WorkSort) -> str:
    """What the rate is looked up by."""
    return (work.category if work.duty_kind is None else work.duty_kind) or EVERYTHING


def _price(
    plan: AllocationPlan,
    sort: WorkSort,
    weekday: int,
    headcount: int | None,
    staff_kind: str | None,
    quality: str | None,
) -> Price | None:
    name = _sort_of(sort)
    table = plan.rate_fen_per_class_hour if sort.duty_kind is None else plan.duty_rate_fen
    rate_fen = table.get(name, table.get(EVERYTHING))
    if rate_fen is None:
        return None
    used: Iterable[FactorUsed] = ()
    # A duty has its own rate, and no factors.
    if sort.duty_kind is None:
        used = _factors(plan.factors, sort, str(weekday), headcount, staff_kind, quality)
    factors = tuple(used)
    worth = Fraction(rate_fen)
    for factor in factors:
        worth *= Fraction(factor.value)
    return Price(Fen(rate_fen), name, factors, plan.version, worth)


def _within_caps(
    caps: Caps, staff_id: str, day: date, claimed: int, paid_so_far: dict[tuple[str, object], int]
) -> Hundredths:
    hours, month = claimed, (day.year, day.month)
    for period, cap in ((day, caps.class_hours_per_day), (month, caps.class_hours_per_month)):
        if cap is not None:
            hours = min(hours, max(0, int(cap * 100) - paid_so_far.get((staff_id, period), 0)))
    for period in (day, month):
        paid_so_far[staff_id, period] = paid_so_far.get((staff_id, period), 0) + hours
    return Hundredths(hours)


def _factors(
    factors: Factors,
    sort: WorkSort,
    weekday: str,
    headcount: int | None,
    staff_kind: str | None,
    quality: str | None,
) -> Iterator[FactorUsed]:
    """The factors of the plan that apply to a session, in the plan's order."""
    tables: tuple[tuple[str, Mapping[str, Decimal], str | None], ...] = (
        ("slot", factors.slot, sort.slot),
        ("role", factors.role, sort.role),
        ("staff_kind", factors.staff_kind, staff_kind),
        ("quality", factors.quality, quality),
        ("weekday", factors.weekday, weekday),
    )
    for name, table, entry in tables:
        if entry is not None and entry in table:
            yield FactorUsed(name, entry, table[entry])
    if headcount is not None:
        for band in factors.headcount:
            if band.from_ <= headcount and (band.to is None or headcount <= band.to):
                yield FactorUsed("headcount", f"{band.from_}–{'' if band.to is None else band.to}", band.factor)
                break


def _within_budget(
    of_each: Mapping[str, list[PayLine]], unpriced: Sequence[UnpricedWork], plan: AllocationPlan | None
) -> PayRun:
    totals = {staff_id: Fen(sum(map(_amount, lines))) for staff_id, lines in of_each.items()}
    budget = None if plan is None else plan.budget_fen
    scale, refused = Fraction(1), False
    # A line is rounded by half a fen at most: what is that far below the budget needs no exact sum.
    if plan is not None and budget is not None and sum(totals.values()) + sum(map(len, of_each.values())) > budget:
        exact_total = _exact_total(of_each)
        if max(exact_total, Fraction(sum(totals.values()))) > budget:
            if plan.over_budget == "refuse":
                refused = True
            else:
                scale = min(Fraction(1), Fraction(budget) / exact_total) if exact_total else Fraction(1)
                of_each = _scaled(of_each, Fen(budget))
                totals = {staff_id: Fen(sum(map(_amount, lines))) for staff_id, lines in of_each.items()}
    return PayRun(
        lines_by_staff=of_each,
        unpriced=tuple(unpriced),
        total_by_staff_fen=totals,
        total_fen=Fen(sum(totals.values())),
        budget_fen=None if budget is None else Fen(budget),
        scale=scale,
        refused=refused,
    )


def _scaled(of_each: Mapping[str, Sequence[PayLine]], budget: Fen) -> dict[str, list[PayLine]]:
    lines = list(chain.from_iterable(of_each.values()))
    shares = split_in_proportion([line.exact_fen for line in lines], budget)
    scaled: dict[str, list[PayLine]] = {staff_id: [] for staff_id in of_each}
    for line, share in zip(lines, shares, strict=True):
        scaled[line.staff_id].append(replace(line, worth=replace(line.worth, amount_fen=share)))
    return scaled


def _exact_total(of_each: Mapping[str, Sequence[PayLine]]) -> Fraction:
    """The sum of the lines before their rounding: many are worth the same, and a fraction's sum is dear."""
    times: dict[int, int] = {}
    worths: dict[int, Worth] = {}
    for line in chain.from_iterable(of_each.values()):
        place = id(line.worth)
        worths[place] = line.worth
        times[place] = times.get(place, 0) + 1
    exact = (
        each.price.fen_per_class_hour * (each.paid_class_hours_hundredths * times[at]) for at, each in worths.items()
    )
    return sum(exact, Fraction(0)) / 100
