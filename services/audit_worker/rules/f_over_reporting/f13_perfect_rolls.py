"""F13: which rolls of a school's month call too few pupils missing, going by its other rolls."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import (
    Rate,
    chance_of_at_least,
    chance_of_at_most,
    discoveries,
    once_in,
    pooled_rate,
)
from services.audit_worker.fold import Row


class Roll(msgspec.Struct, frozen=True):
    """One roll: pupils by number."""

    school_id: str
    period: str
    service_date: date
    slot: str
    group_key: str
    taken_by: str | None
    pupils_who_came: list[int]
    pupils_missing: list[int]
    roll_key: str


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_marks: int
    least_groups: int
    least_spread: Decimal
    chance: Decimal


@dataclass
class Tally:
    """The rolls of a class or a person, counted: marks, missing, and what the day's other rolls say of their pupils.

    doubted: pupils whom another roll of the day calls missing; contradicted: those of them who are called here.
    """

    subject_kind: str
    subject: str
    slot: str
    missing: int = 0
    marks: int = 0
    contradicted: int = 0
    doubted: int = 0
    rolls: list[str] = field(default_factory=list)

    def count(self, roll: Roll, missing_elsewhere: frozenset[int]) -> None:
        """Take a roll in."""
        came, missing = set(roll.pupils_who_came), set(roll.pupils_missing)
        self.missing += len(missing)
        self.marks += len(came) + len(missing)
        self.contradicted += len(missing_elsewhere & came)
        self.doubted += len(missing_elsewhere & (came | missing))
        self.rolls.append(roll.roll_key)


@dataclass(frozen=True)
class Doubt:
    """One question asked of a tally: what was counted, how likely that is, and in words."""

    tally: Tally
    chance: float
    expected: str
    found: str


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The classes and the people whose rolls are too good, school by school and month by month.

    `rows`: a roll each. Classes first; of the people's rolls those of the classes found are left out.
    """
    limits = msgspec.convert(parameters, Limits)
    rolls = sorted(
        (msgspec.convert(dict(row), Roll) for row in rows),
        key=lambda roll: (roll.school_id, roll.period, roll.roll_key),
    )
    for (school_id, period), of_month in groupby(rolls, key=lambda roll: (roll.school_id, roll.period)):
        month = list(of_month)
        elsewhere = _missing_elsewhere(month)
        classes = _found(_tallied(month, elsewhere, "class"), limits)
        told = {key for doubt in classes for key in doubt.tally.rolls}
        rest = [roll for roll in month if roll.roll_key not in told]
        people = _found(_tallied(rest, elsewhere, "staff"), limits)
        yield from (_row(school_id, period, doubt) for doubt in [*classes, *people])


def _missing_elsewhere(month: Sequence[Roll]) -> dict[str, frozenset[int]]:
    """By roll: the pupils whom other rolls of the same day call missing."""
    elsewhere = {}
    for _day, of_day in groupby(sorted(month, key=lambda roll: roll.service_date), key=lambda roll: roll.service_date):
        rolls = list(of_day)
        said: dict[int, int] = defaultdict(int)
        for roll in rolls:
            for pupil in set(roll.pupils_missing):
                said[pupil] += 1
        once = {pupil for pupil, times in said.items() if times == 1}
        for roll in rolls:
            # Whom this roll alone calls missing, no other does.
            elsewhere[roll.roll_key] = frozenset(said.keys() - (once & set(roll.pupils_missing)))
    return elsewhere


def _tallied(rolls: Sequence[Roll], elsewhere: Mapping[str, frozenset[int]], kind: str) -> list[Tally]:
    tallies: dict[tuple[str, str], Tally] = {}
    for roll in rolls:
        subject = roll.group_key if kind == "class" else roll.taken_by
        if subject is None:
            continue
        key = (roll.slot, subject)
        tallies.setdefault(key, Tally(kind, subject, roll.slot)).count(roll, elsewhere[roll.roll_key])
    return [tallies[key] for key in sorted(tallies)]


def _found(tallies: Sequence[Tally], limits: Limits) -> list[Doubt]:
    """The doubts that chance does not explain, after how many were raised; of one tally the greater."""
    doubts = [
        doubt
        for slot in sorted({tally.slot for tally in tallies})
        for doubt in _doubts([tally for tally in tallies if tally.slot == slot], limits)
    ]
    found: dict[str, Doubt] = {}
    for place in discoveries([doubt.chance for doubt in doubts], rate=float(limits.chance)):
        doubt = doubts[place]
        before = found.get(doubt.tally.subject)
        if before is None or doubt.chance < before.chance:
            found[doubt.tally.subject] = doubt
    return list(found.values())


def _doubts(tallies: Sequence[Tally], limits: Limits) -> Iterator[Doubt]:
    """What is asked of the groups of one slot, each against the others."""
    enough = [tally for tally in tallies if tally.marks >= limits.least_marks]
    if len(enough) <= limits.least_groups:
        return
    for tally in enough:
        others = [other for other in enough if other is not tally]
        usual = _rate([(other.missing, other.marks) for other in others], limits)
        if usual is not None:
            yield Doubt(
                tally,
                chance_of_at_most(tally.missing, tally.marks, usual),
                f"about {tally.marks * usual.mean:.0f} of {tally.marks} missing",
                f"{tally.missing} of {tally.marks} missing",
            )
        usual = _rate([(other.contradicted, other.doubted) for other in others], limits)
        if usual is not None and tally.doubted:
            yield Doubt(
                tally,
                chance_of_at_least(tally.contradicted, tally.doubted, usual),
                f"about {tally.doubted * usual.mean:.0f} of {tally.doubted} whom other rolls of the day call missing",
                f"{tally.contradicted} of {tally.doubted} called whom other rolls of the day call missing",
            )


def _rate(counts: Sequence[tuple[int, int]], limits: Limits) -> Rate | None:
    return pooled_rate(counts, least_spread=float(limits.least_spread))


def _row(school_id: str, period: str, doubt: Doubt) -> Row:
    tally = doubt.tally
    return Row(
        school_id=school_id,
        subject_kind=tally.subject_kind,
        subject=tally.subject,
        service_date=None,
        period=period,
        expected=doubt.expected,
        found=f"{doubt.found} ({once_in(doubt.chance)})",
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": sorted(tally.rolls),
            "values": {
                "rolls": len(tally.rolls),
                "missing": tally.missing,
                "marks": tally.marks,
                "missing_elsewhere": tally.doubted,
                "called_here": tally.contradicted,
                "chance": once_in(doubt.chance),
            },
        },
    )
