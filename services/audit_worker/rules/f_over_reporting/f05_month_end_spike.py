"""F05: which months of a school end in days with far more class hours than the same weekdays have."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from math import log
from statistics import median

import msgspec

from services.audit_worker.estimators import chance_of_z, once_in, robust_z
from services.audit_worker.fold import Row

# A month has come to its end when its last recorded day is so near to it: a weekend and a day.
NEAR_THE_END = timedelta(days=3)


class Day(msgspec.Struct, frozen=True):
    """A school's day: class hours claimed, pupils who came."""

    school_id: str
    period: str
    service_date: date
    class_hours_hundredths: int
    came: int


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    last_days: int
    least_days: int
    least_rise_percent: int
    least_spread: Decimal
    chance: Decimal


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The heaps, school by school and month by month. `rows`: a day each."""
    limits = msgspec.convert(parameters, Limits)
    days = sorted(
        (msgspec.convert(dict(row), Day) for row in rows),
        key=lambda day: (day.school_id, day.service_date),
    )
    for _month, of_month in groupby(days, key=lambda day: (day.school_id, day.period)):
        month = list(of_month)
        last = month[-1].service_date
        month_end = (last.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if len(month) >= limits.least_days and month_end - last <= NEAR_THE_END:
            yield from _heap(month[: -limits.last_days], month[-limits.last_days :], limits)


def _heap(before: Sequence[Day], last: Sequence[Day], limits: Limits) -> Iterable[Row]:
    same = [_like(day, before) for day in last]
    usual = [median(other.class_hours_hundredths / 100 for other in others) for others in same]
    hours = [day.class_hours_hundredths / 100 for day in last]
    more_pupils = [
        day.came / max(1, median(other.came for other in others)) - 1 for day, others in zip(last, same, strict=True)
    ]
    rises = [each / of - 1 for each, of in zip(hours, usual, strict=True)]
    # How the other days differ from their weekday's median is what a rise is measured by.
    others = [
        log(day.class_hours_hundredths / median(other.class_hours_hundredths for other in _like(day, before)))
        for day in before
    ]
    z = robust_z(log(1 + min(rises)), others, least_deviation=log(1 + float(limits.least_spread)))
    chance = chance_of_z(z, len(others))
    grew = any(pupils >= rise / 2 for pupils, rise in zip(more_pupils, rises, strict=True))
    if min(rises) * 100 < limits.least_rise_percent or grew or chance > limits.chance:
        return
    school_id = last[0].school_id
    yield Row(
        school_id=school_id,
        subject_kind="school",
        subject=school_id,
        service_date=None,
        period=last[0].period,
        expected=", ".join(f"{each:.1f}" for each in usual),
        found=f"{', '.join(f'{each:.1f}' for each in hours)} class hours on the last {len(last)} days ({once_in(chance)})",
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": [],
            "values": {
                "days": [day.service_date.isoformat() for day in last],
                "class_hours": hours,
                "usual": [round(each, 2) for each in usual],
                "chance": once_in(chance),
            },
        },
    )


def _like(day: Day, days: Sequence[Day]) -> Sequence[Day]:
    """The other days of the same weekday; every other day where there is none (a make-up Sunday)."""
    others = [each for each in days if each is not day]
    return [each for each in others if each.service_date.weekday() == day.service_date.weekday()] or others
