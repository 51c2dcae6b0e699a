"""F14: which classes have rolls, weeks apart, with exactly the same pupils missing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations, groupby
from math import prod

import msgspec

from services.audit_worker.estimators import chance_of_at_least, chance_of_so_many, discoveries, once_in, pooled_rate
from services.audit_worker.fold import Row

# One pupil is often missing again; two at once are a coincidence.
LEAST_MISSING = 2


class Roll(msgspec.Struct, frozen=True):
    """One roll: how many it calls, and who of them is missing."""

    school_id: str
    period: str
    service_date: date
    session_id: str
    group_key: str
    called: int
    pupils_missing: list[int]
    roll_key: str


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    days_apart: int
    least_rolls: int
    least_repeats: int
    least_groups: int
    least_spread: Decimal
    chance: Decimal


@dataclass(frozen=True)
class Repeats:
    """A class's rolls that repeat an older one: which, how many were to be expected, how likely that is."""

    group_key: str
    rolls: Sequence[Roll]
    repeats: Sequence[Roll]
    expected: float

    @property
    def counts(self) -> tuple[int, int]:
        """How many of how many."""
        return len(self.repeats), len(self.rolls)


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The classes with too many repeats, school by school and month by month. `rows`: a roll each."""
    limits = msgspec.convert(parameters, Limits)
    rolls = sorted(
        (msgspec.convert(dict(row), Roll) for row in rows),
        key=lambda roll: (roll.school_id, roll.period, roll.group_key, roll.service_date, roll.session_id),
    )
    for (school_id, period), of_month in groupby(rolls, key=lambda roll: (roll.school_id, roll.period)):
        groups = [list(group) for _key, group in groupby(of_month, key=lambda roll: roll.group_key)]
        looked_at = [_repeats(group, limits) for group in groups if len(group) >= limits.least_rolls]
        if len(looked_at) <= limits.least_groups:
            continue
        chances = [_chance(each, looked_at, limits) for each in looked_at]
        for place in discoveries(chances, rate=float(limits.chance)):
            if len(looked_at[place].repeats) >= limits.least_repeats:
                yield _row(school_id, period, looked_at[place], chances[place])


def _repeats(rolls: Sequence[Roll], limits: Limits) -> Repeats:
    first: dict[frozenset[int], date] = {}
    repeats = []
    for roll in rolls:
        missing = frozenset(roll.pupils_missing)
        if len(missing) < LEAST_MISSING:
            continue
        since = (roll.service_date - first.setdefault(missing, roll.service_date)).days
        if since >= limits.days_apart:
            repeats.append(roll)
    return Repeats(rolls[0].group_key, rolls, repeats, _expected(rolls, limits))


def _expected(rolls: Sequence[Roll], limits: Limits) -> float:
    """How many rolls would repeat an older one if each pupil were missing at their own rate, each day anew; no fewer."""
    days = [roll.service_date for roll in rolls]
    far = sum((later - earlier).days >= limits.days_apart for earlier, later in combinations(days, 2))
    called = max(roll.called for roll in rolls)
    missing = Counter(pupil for roll in rolls for pupil in roll.pupils_missing)
    # Everybody has been missing a little: half a day more than was seen, of a day more.
    rates = [(times + 0.5) / (len(rolls) + 1) for times in missing.values()]
    rates += [0.5 / (len(rolls) + 1)] * max(0, called - len(rates))
    same = prod(rate * rate + (1 - rate) ** 2 for rate in rates)
    nobody = prod((1 - rate) ** 2 for rate in rates)
    one = nobody * sum((rate / (1 - rate)) ** 2 for rate in rates)
    return far * max(0.0, same - nobody - one)


def _chance(each: Repeats, all_of_month: Sequence[Repeats], limits: Limits) -> float:
    """The likelier of two ways that chance has: the pupils' own absences, and what the school's other rolls do."""
    usual = pooled_rate(
        [other.counts for other in all_of_month if other is not each], least_spread=float(limits.least_spread)
    )
    by_pupils = chance_of_so_many(len(each.repeats), each.expected)
    return by_pupils if usual is None else max(by_pupils, chance_of_at_least(*each.counts, usual))


def _row(school_id: str, period: str, each: Repeats, chance: float) -> Row:
    return Row(
        school_id=school_id,
        subject_kind="class",
        subject=each.group_key,
        service_date=None,
        period=period,
        expected=f"{each.expected:.1f}",
        found=(
            f"{len(each.repeats)} of {len(each.rolls)} rolls have exactly the same pupils missing as one at least "
            f"a week older ({once_in(chance)})"
        ),
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": sorted(roll.roll_key for roll in each.repeats),
            "values": {
                "days": [roll.service_date.isoformat() for roll in each.repeats],
                "missing": [len(roll.pupils_missing) for roll in each.repeats],
                "rolls": len(each.rolls),
                "expected": round(each.expected, 2),
                "chance": once_in(chance),
            },
        },
    )
