"""Remuneration (报酬): class hours × the school's allocation plan → pay lines with their why; 一(一)5. Pure and exact.

An amount is rate × class hours × factors, kept as an exact fraction until the one rounding at the end of its line;
totals are sums of lines, so they always add up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.class_hours import Hundredths, shown_class_hours
from shared.money import Fen, round_to_fen, shown_yuan, split_in_proportion
from shared.vocabulary import CODE_LISTS, IDENTIFIER, LABEL, SCHOOL_ID

EVERYTHING = "*"

Rate = Annotated[int, Meta(ge=0, le=10**12)]
Factor = Annotated[Decimal, Meta(description="a factor from 0 to 1000, exact, at most twelve decimals")]
FACTOR_AT_MOST = 1000
FACTOR_DECIMALS = 12
Named = Annotated[str, Meta(pattern=IDENTIFIER)]
Key = Annotated[str, Meta(pattern=LABEL)]


class HeadcountBand(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Sessions of `from` to `to` pupils, both in it; no `to` is no upper end."""

    from_: Annotated[int, Meta(ge=0, le=100_000)]
    factor: Factor
    to: Annotated[int, Meta(ge=0, le=100_000)] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a factor that is none."""
        _must_be_factors({"factor": self.factor})


class Factors(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a plan weighs (一(一)5: slot, duty, effect, number of pupils …); what it does not name counts 1."""

    slot: dict[Key, Factor] = {}
    role: dict[Key, Factor] = {}
    staff_kind: dict[Key, Factor] = {}
    headcount: tuple[HeadcountBand, ...] = ()
    quality: dict[Key, Factor] = {}
    weekday: dict[Key, Factor] = {}

    def __post_init__(self) -> None:
        """Raises ValueError for a factor that is none."""
        for table in (self.slot, self.role, self.staff_kind, self.quality, self.weekday):
            _must_be_factors(table)


class Caps(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The most class hours of one person that are paid."""

    class_hours_per_day: Factor | None = None
    class_hours_per_month: Factor | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a cap that is none."""
        caps = {"class_hours_per_day": self.class_hours_per_day, "class_hours_per_month": self.class_hours_per_month}
        _must_be_factors({name: cap for name, cap in caps.items() if cap is not None})


def _must_be_factors(table: Mapping[str, Decimal]) -> None:
    """NaN, an amount below zero or a million digits would be pay that nobody can work out."""
    for name, factor in table.items():
        exponent = factor.as_tuple().exponent
        if not isinstance(exponent, int) or not -FACTOR_DECIMALS <= exponent <= 3 or not 0 <= factor <= FACTOR_AT_MOST:
            raise ValueError(
                f"{name}: not a number from 0 to {FACTOR_AT_MOST} with at most {FACTOR_DECIMALS} decimal places"
            )


class AllocationPlan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One version of a school's plan, in force from `effective_from` to `effective_to`, both in it."""

    school_id: Annotated[str, Meta(pattern=SCHOOL_ID)]
    version: Named
    effective_from: date
    rate_fen_per_class_hour: dict[Key, Rate]
    effective_to: date | None = None
    deliberation_id: Named | None = None
    factors: Factors = Factors()
    duty_rate_fen: dict[Key, Rate] = {}
    caps: Caps = Caps()
    budget_fen: Rate | None = None
    over_budget: Literal["scale", "refuse"] = "scale"
    rounding: Literal["half_even"] = "half_even"
    reason: Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")] | None = None


@dataclass(frozen=True)
class WorkItem:
    """One person's part in one held session, or one duty."""

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


@dataclass(frozen=True)
class FactorUsed:
    """One factor of a line: which table, which entry, its value."""

    name: str
    entry: str
    value: Decimal


@dataclass(frozen=True)
class PayLine:
    """class hours paid × rate × factors = amount, and where each comes from."""

    record_key: str
    staff_id: str
    service_date: date
    class_hours_hundredths: Hundredths
    paid_class_hours_hundredths: Hundredths
    rate_fen: Fen
    rate_of: str
    factors: tuple[FactorUsed, ...]
    plan_version: str
    exact_fen: Fraction
    amount_fen: Fen


@dataclass(frozen=True)
class UnpricedWork:
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


def compute_pay(plans: Sequence[AllocationPlan], work: Iterable[WorkItem]) -> PayRun:
    """The pay run of a period; 一(一)5 多劳多得, 一(二)3 据实发放.

    `plans`: the school's versions in any order; the latest that began applies on a date. The budget is the one of the
    version in force on the last day of the work: next term's plan does not bound this term's pay. `work`: in any order;
    caps cut the later records of a day or month first.
    """
    versions = sorted(plans, key=lambda plan: (plan.effective_from, plan.version), reverse=True)
    lines: list[PayLine] = []
    unpriced: list[UnpricedWork] = []
    paid_so_far: dict[tuple[str, object], int] = {}
    in_force_last: tuple[date, AllocationPlan] | None = None
    for item in sorted(work, key=_place):
        plan = next((each for each in versions if _in_force(each, item.service_date)), None)
        if plan is not None and (in_force_last is None or in_force_last[0] < item.service_date):
            in_force_last = item.service_date, plan
        rate_of, rate_fen = _rate(plan, item)
        if plan is None or rate_fen is None:
            reason: Literal["no_plan_in_force", "no_rate"] = "no_plan_in_force" if plan is None else "no_rate"
            unpriced.append(UnpricedWork(item.record_key, item.staff_id, item.service_date, reason, rate_of))
            continue
        hours = _within_caps(plan.caps, item, paid_so_far)
        factors = tuple(_factors(plan.factors, item))
        exact = Fraction(hours * rate_fen, 100)
        for factor in factors:
            exact *= _fraction(factor.value)
        lines.append(
            PayLine(
                item.record_key,
                item.staff_id,
                item.service_date,
                item.class_hours_hundredths,
                hours,
                Fen(rate_fen),
                rate_of,
                factors,
                plan.version,
                exact,
                round_to_fen(exact),
            ),
        )
    return _within_budget(lines, unpriced, in_force_last[1] if in_force_last else None)


# A plan has a few factors, its work thousands of lines.
_fraction = lru_cache(maxsize=1024)(Fraction)


def _place(item: WorkItem) -> tuple[str, date, str, str]:
    """By person, date and record; two parts in one record by all that they say, so that no order given matters."""
    return item.staff_id, item.service_date, item.record_key, repr(item)


def _in_force(plan: AllocationPlan, day: date) -> bool:
    return plan.effective_from <= day and (plan.effective_to is None or day <= plan.effective_to)


def _rate(plan: AllocationPlan | None, item: WorkItem) -> tuple[str, int | None]:
    """What the rate is looked up by, and the rate in fen per class hour, if the plan names one."""
    table_key = item.category if item.duty_kind is None else item.duty_kind
    name = table_key or EVERYTHING
    if plan is None:
        return name, None
    table = plan.rate_fen_per_class_hour if item.duty_kind is None else plan.duty_rate_fen
    return name, table.get(name, table.get(EVERYTHING))


def _within_caps(caps: Caps, item: WorkItem, paid_so_far: dict[tuple[str, object], int]) -> Hundredths:
    hours = int(item.class_hours_hundredths)
    month = (item.service_date.year, item.service_date.month)
    for period, cap in ((item.service_date, caps.class_hours_per_day), (month, caps.class_hours_per_month)):
        if cap is not None:
            hours = min(hours, max(0, int(cap * 100) - paid_so_far.get((item.staff_id, period), 0)))
    for period in (item.service_date, month):
        paid_so_far[item.staff_id, period] = paid_so_far.get((item.staff_id, period), 0) + hours
    return Hundredths(hours)


def _factors(factors: Factors, item: WorkItem) -> Iterable[FactorUsed]:
    """The factors of the plan that apply, in the plan's order; a duty has its own rate and no session's factors."""
    tables: tuple[tuple[str, Mapping[str, Decimal], str | None], ...] = (
        ("slot", factors.slot, item.slot),
        ("role", factors.role, item.role),
        ("staff_kind", factors.staff_kind, item.staff_kind),
        ("quality", factors.quality, item.quality),
        ("weekday", factors.weekday, str(item.service_date.isoweekday())),
    )
    if item.duty_kind is not None:
        tables = ()
    for name, table, entry in tables:
        if entry is not None and entry in table:
            yield FactorUsed(name, entry, table[entry])
    if item.headcount is not None and item.duty_kind is None:
        for band in factors.headcount:
            if band.from_ <= item.headcount and (band.to is None or item.headcount <= band.to):
                yield FactorUsed("headcount", f"{band.from_}–{'' if band.to is None else band.to}", band.factor)
                break


def _within_budget(lines: Sequence[PayLine], unpriced: Sequence[UnpricedWork], plan: AllocationPlan | None) -> PayRun:
    budget = None if plan is None else plan.budget_fen
    exact_total = sum((line.exact_fen for line in lines), Fraction(0))
    rounded_total = sum(line.amount_fen for line in lines)
    scale, refused = Fraction(1), False
    if plan is not None and budget is not None and max(exact_total, Fraction(rounded_total)) > budget:
        if plan.over_budget == "refuse":
            refused = True
        else:
            scale = min(Fraction(1), Fraction(budget) / exact_total) if exact_total else Fraction(1)
            shares = split_in_proportion([line.exact_fen for line in lines], Fen(budget))
            lines = [replace(line, amount_fen=share) for line, share in zip(lines, shares, strict=True)]
    totals: dict[str, Fen] = {}
    for line in lines:
        totals[line.staff_id] = Fen(totals.get(line.staff_id, 0) + line.amount_fen)
    return PayRun(
        lines=tuple(lines),
        unpriced=tuple(unpriced),
        total_by_staff_fen=totals,
        total_fen=Fen(sum(totals.values())),
        budget_fen=None if budget is None else Fen(budget),
        scale=scale,
        refused=refused,
    )


def why(line: PayLine, *, scale: Fraction = Fraction(1), language: Literal["zh", "en"] = "zh") -> str:
    """One sentence: class hours × rate × factors = amount, and what cut it."""
    zh = language == "zh"
    unit, per = ("课时", "元") if zh else ("class hours", "yuan")
    parts = [
        f"{shown_class_hours(line.paid_class_hours_hundredths)} {unit}",
        f"{shown_yuan(line.rate_fen)} {per} ({_label(line.rate_of, language)})",
    ]
    parts += [f"{factor.name}:{factor.entry} {factor.value.normalize():f}" for factor in line.factors]
    if scale != 1:
        parts.append(f"{'预算比例' if zh else 'budget scale'} {float(scale):.6f}")
    sentence = f"{' × '.join(parts)} = {shown_yuan(line.amount_fen)} {per}"
    if line.paid_class_hours_hundredths != line.class_hours_hundredths:
        claimed = shown_class_hours(line.class_hours_hundredths)
        sentence += (
            f"（申报 {claimed} 课时，超过上限部分不计）" if zh else f" (claimed {claimed}; above the cap is not paid)"
        )
    return sentence


def _label(code: str, language: Literal["zh", "en"]) -> str:
    for codes in (CODE_LISTS["category"], CODE_LISTS["duty_kind"]):
        if code in codes:
            return codes[code].zh if language == "zh" else codes[code].en
    return code
