"""F07: who of a school's month is named in sessions and never takes a roll, where others in the same part do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import chance_of_at_most, discoveries, once_in, pooled_rate
from services.audit_worker.fold import Row


class Named(msgspec.Struct, frozen=True):
    """One person in one part (alone, leading beside others, assisting) over a month: the sessions with a roll, and how many of those rolls they took."""

    school_id: str
    period: str
    part: str
    staff_id: str
    sessions: int
    rolls_taken: int
    was_seen: bool
    record_keys: list[str]


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_sessions: int
    least_people: int
    least_spread: Decimal
    chance: Decimal


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The people without a trace, school by school and month by month. `rows`: a person in a part each."""
    limits = msgspec.convert(parameters, Limits)
    named = sorted(
        (msgspec.convert(dict(row), Named) for row in rows),
        key=lambda each: (each.school_id, each.period, each.part, each.staff_id),
    )
    for _month, of_month in groupby(named, key=lambda each: (each.school_id, each.period)):
        judged = [
            judgement
            for _part, of_part in groupby(of_month, key=lambda each: each.part)
            for judgement in _judged(list(of_part), limits)
        ]
        for place in discoveries([chance for _person, chance, _usual in judged], rate=float(limits.chance)):
            yield _row(*judged[place])


def _judged(of_part: Sequence[Named], limits: Limits) -> Iterator[tuple[Named, float, float]]:
    """Each person of a part with enough sessions: how likely so few rolls are, and how many the others take."""
    for person in of_part:
        others = [(other.rolls_taken, other.sessions) for other in of_part if other is not person]
        usual = pooled_rate(others, least_spread=float(limits.least_spread))
        if usual is None or person.sessions < limits.least_sessions or len(others) < limits.least_people:
            continue
        if person.rolls_taken == 0 and not person.was_seen:
            yield person, chance_of_at_most(0, person.sessions, usual), usual.mean
        else:
            yield person, 1.0, usual.mean


def _row(person: Named, chance: float, usual: float) -> Row:
    return Row(
        school_id=person.school_id,
        subject_kind="staff",
        subject=person.staff_id,
        service_date=None,
        period=person.period,
        expected=f"{100 * usual:.0f} of 100 rolls",
        found=f"{person.part} in {person.sessions} sessions, took the roll of none ({once_in(chance)})",
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": sorted(person.record_keys),
            "values": {"part": person.part, "sessions": person.sessions, "chance": once_in(chance)},
        },
    )
