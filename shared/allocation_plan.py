"""The allocation plan (分配方案): rates, factors, caps and budget of a school's pay, as it is written; 一(一)5. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.problems import Fault
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


def plan_faults(plan: AllocationPlan, at: Callable[..., str]) -> Iterator[Fault]:
    """What is wrong with a plan beyond its types: an end before its beginning, bands that are none or share a headcount."""
    if plan.effective_to is not None and plan.effective_to < plan.effective_from:
        dates = {"starts": plan.effective_from, "ends": plan.effective_to}
        yield Fault(at("effective_to"), "ends_before_it_starts", dates)
    for place, band in enumerate(plan.factors.headcount):
        if band.to is not None and band.to < band.from_:
            reason = f"a band from {band.from_} to {band.to} has no headcount in it"
            yield Fault(at("factors", "headcount", place, "to"), "invalid_value", {"reason": reason})
        for earlier in plan.factors.headcount[:place]:
            if (earlier.to is None or band.from_ <= earlier.to) and (band.to is None or earlier.from_ <= band.to):
                reason = "another band has some of the same headcounts; each headcount counts once"
                yield Fault(at("factors", "headcount", place), "invalid_value", {"reason": reason})
    known: tuple[tuple[str, Mapping[str, object], Collection[str]], ...] = (
        ("weekday", plan.factors.weekday, [str(day) for day in range(1, 8)]),
        ("role", plan.factors.role, CODE_LISTS["staff_role"]),
        ("staff_kind", plan.factors.staff_kind, CODE_LISTS["staff_kind"]),
    )
    for name, table, entries in known:
        for entry in table.keys() - set(entries):
            reason = f"no {name} is called {entry}, so that its factor would never count: {', '.join(entries)}"
            yield Fault(at("factors", name, entry), "invalid_value", {"reason": reason})
