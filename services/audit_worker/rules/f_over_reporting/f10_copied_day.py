"""F10: which days of a school's month copy another, number for number."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations, groupby

import msgspec

from services.audit_worker.estimators import Rate, chance_of_at_least, discoveries, once_in, pooled_rate
from services.audit_worker.fold import Row


class Taken(msgspec.Struct, frozen=True):
    """One session with its roll: how many were stated, came, came late, left early, were missing."""

    school_id: str
    period: str
    service_date: date
    session_id: str
    group_key: str
    numbers: list[int | None]
    record_key: str
    roll_key: str


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_sessions: int
    alike_percent: int
    least_spread: Decimal
    chance: Decimal


# A day: its sessions by class or activity.
Day = Mapping[str, Taken]


@dataclass(frozen=True)
class Pair:
    """Two days: in how many of how many sessions they agree."""

    earlier: date
    later: date
    alike: int
    sessions: int


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The days that copy an earlier one, school by school and month by month. `rows`: a session with its roll each."""
    limits = msgspec.convert(parameters, Limits)
    taken = sorted(
        (msgspec.convert(dict(row), Taken) for row in rows),
        key=lambda each: (each.school_id, each.service_date, each.group_key, each.session_id),
    )
    for (school_id, _period), of_month in groupby(taken, key=lambda each: (each.school_id, each.period)):
        days = {
            day: {each.group_key: each for each in sessions}
            for day, sessions in groupby(of_month, key=lambda each: each.service_date)
        }
        pairs = list(_pairs(days, limits))
        close = [pair for pair in pairs if pair.alike * 100 >= pair.sessions * limits.alike_percent]
        told: set[date] = set()
        for pair, chance, usual in _unlikely(close, pairs, limits):
            # A day copied twice over is one copy of the first.
            if pair.later not in told:
                told.add(pair.later)
                yield _row(school_id, days, pair, chance, usual)


def _pairs(days: Mapping[date, Day], limits: Limits) -> Iterator[Pair]:
    numbers = {day: {key: each.numbers for key, each in sessions.items()} for day, sessions in days.items()}
    for earlier, later in combinations(sorted(days), 2):
        both = numbers[earlier].keys() & numbers[later].keys()
        if len(both) >= limits.least_sessions:
            alike = sum(numbers[earlier][key] == numbers[later][key] for key in both)
            yield Pair(earlier, later, alike, len(both))


def _unlikely(close: Sequence[Pair], pairs: Sequence[Pair], limits: Limits) -> list[tuple[Pair, float, Rate]]:
    """The close pairs that chance does not explain, against the pairs of other days; corrected for all pairs."""
    judged = []
    for pair in close:
        days = {pair.earlier, pair.later}
        others = [(other.alike, other.sessions) for other in pairs if not days & {other.earlier, other.later}]
        usual = pooled_rate(others, least_spread=float(limits.least_spread))
        if usual is not None:
            judged.append((pair, chance_of_at_least(pair.alike, pair.sessions, usual), usual))
    # The pairs that are not close are no discoveries, but they were looked at.
    chances = [chance for _pair, chance, _usual in judged] + [1.0] * (len(pairs) - len(judged))
    return [judged[place] for place in discoveries(chances, rate=float(limits.chance)) if place < len(judged)]


def _row(school_id: str, days: Mapping[date, Day], pair: Pair, chance: float, usual: Rate) -> Row:
    earlier, later = days[pair.earlier], days[pair.later]
    alike = sorted(key for key in earlier.keys() & later.keys() if earlier[key].numbers == later[key].numbers)
    return Row(
        school_id=school_id,
        subject_kind="school",
        subject=school_id,
        service_date=pair.later,
        period=None,
        expected=f"{100 * usual.mean:.0f} of 100",
        found=f"{pair.alike} of {pair.sessions} sessions have the numbers of {pair.earlier} ({once_in(chance)})",
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": [each for key in alike for each in (later[key].record_key, later[key].roll_key)],
            "values": {
                "copied_from": pair.earlier.isoformat(),
                "like": [earlier[key].record_key for key in alike],
                "numbers": [later[key].numbers for key in alike],
                "chance": once_in(chance),
            },
        },
    )
