"""F02: in which months a school's class hours a day jump while its pupils do not."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby, pairwise
from math import log
from statistics import median

import msgspec

from services.audit_worker.estimators import chance_of_z, once_in, robust_z
from services.audit_worker.fold import Row


class Day(msgspec.Struct, frozen=True):
    """A school's day: class hours claimed, pupils who came."""

    school_id: str
    term_id: str
    period: str
    class_hours_hundredths: int
    came: int


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_days: int
    least_rise_percent: int
    least_spread: Decimal
    chance: Decimal


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The jumps, school by school and term by term. `rows`: a day each."""
    limits = msgspec.convert(parameters, Limits)
    days = sorted(
        (msgspec.convert(dict(row), Day) for row in rows),
        key=lambda day: (day.school_id, day.term_id, day.period, day.class_hours_hundredths, day.came),
    )
    for _term, of_term in groupby(days, key=lambda day: (day.school_id, day.term_id)):
        months = [list(month) for _period, month in groupby(of_term, key=lambda day: day.period)]
        long = [month for month in months if len(month) >= limits.least_days]
        for before, after in pairwise(long):
            yield from _jump(before, after, limits)


def _jump(before: Sequence[Day], after: Sequence[Day], limits: Limits) -> Iterable[Row]:
    hours = [median(day.class_hours_hundredths / 100 for day in month) for month in (before, after)]
    pupils = [median(day.came for day in month) for month in (before, after)]
    rise, more_pupils = hours[1] / hours[0] - 1, pupils[1] / pupils[0] - 1
    z = robust_z(
        log(hours[1]),
        [log(day.class_hours_hundredths / 100) for day in before],
        least_deviation=log(1 + float(limits.least_spread)),
    )
    chance = chance_of_z(z, len(before))
    if rise * 100 < limits.least_rise_percent or more_pupils >= rise / 2 or chance > limits.chance:
        return
    school_id = after[0].school_id
    yield Row(
        school_id=school_id,
        subject_kind="school",
        subject=school_id,
        service_date=None,
        period=after[0].period,
        expected=f"{hours[0]:.1f} class hours and {pupils[0]:.0f} pupils",
        found=f"{hours[1]:.1f} class hours a day with {pupils[1]:.0f} pupils ({once_in(chance)})",
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": [],
            "values": {
                "month_before": before[0].period,
                "class_hours_a_day": [round(each, 2) for each in hours],
                "pupils_a_day": [round(each) for each in pupils],
                "chance": once_in(chance),
            },
        },
    )
