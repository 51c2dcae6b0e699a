"""F11: whose class hours a day creep up over a term, week by week, beyond what the school's people differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from statistics import median

import msgspec

from services.audit_worker.estimators import (
    chance_of_rise,
    chance_of_slope,
    creeping_sum,
    discoveries,
    once_in,
    rises_by_steps,
    robust_deviation,
)
from services.audit_worker.fold import Row


class Week(msgspec.Struct, frozen=True):
    """One person's week: class hours, and how many days the school served."""

    school_id: str
    term_id: str
    week: date
    staff_id: str
    days: int
    class_hours_hundredths: int


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_weeks: int
    usual_weeks: int
    least_people: int
    least_week_days: int
    least_deviation_hundredths: int
    slack: Decimal
    least_height: int
    steady: Decimal
    least_rise_hundredths: int
    chance: Decimal


@dataclass(frozen=True)
class Person:
    """A person's term: hundredths of class hours a service day, by week; usual: the first weeks' median."""

    staff_id: str
    by_week: Mapping[date, float]
    usual: float

    def above(self, week: date) -> float:
        """How much the week is above the person's usual."""
        return self.by_week[week] - self.usual


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The creeps, school by school and term by term. `rows`: a person's week each."""
    limits = msgspec.convert(parameters, Limits)
    weeks = sorted(
        (msgspec.convert(dict(row), Week) for row in rows),
        key=lambda each: (each.school_id, each.term_id, each.staff_id, each.week),
    )
    for (school_id, term_id), of_term in groupby(weeks, key=lambda each: (each.school_id, each.term_id)):
        whole = [each for each in of_term if each.days >= limits.least_week_days]
        served = sorted({each.week for each in whole})
        people = [
            _person(staff_id, list(own), served, limits)
            for staff_id, own in groupby(whole, key=lambda each: each.staff_id)
        ]
        long = [person for person in people if len(person.by_week) >= limits.least_weeks]
        if len(long) >= limits.least_people:
            yield from _creeps(school_id, term_id, long, limits)


def _person(staff_id: str, own: Sequence[Week], served: Sequence[date], limits: Limits) -> Person:
    """From the first week to the last in which the person served; a week without anything is one of no hours."""
    hours = {each.week: each.class_hours_hundredths / each.days for each in own}
    by_week = {week: hours.get(week, 0.0) for week in served if own[0].week <= week <= own[-1].week}
    return Person(staff_id, by_week, median(list(by_week.values())[: limits.usual_weeks]))


def _creeps(school_id: str, term_id: str, people: Sequence[Person], limits: Limits) -> Iterable[Row]:
    everybody: dict[date, list[float]] = {}
    for person in people:
        for week in person.by_week:
            everybody.setdefault(week, []).append(person.above(week))
    common = {week: median(above) for week, above in everybody.items()}
    own = [[person.above(week) - common[week] for week in person.by_week] for person in people]
    deviation = max(median(robust_deviation(values) for values in own), float(limits.least_deviation_hundredths))
    known_from = sum(len(values) for values in own)
    chances = [chance_of_slope(values, deviation=deviation, known_from=known_from) for values in own]
    for place in discoveries(chances, rate=float(limits.chance)):
        values, person = own[place], people[place]
        rise = median(values[-3:])
        creep = creeping_sum(values, usual=0, deviation=deviation, slack=float(limits.slack))
        is_steady = chance_of_rise(values) <= limits.steady and not rises_by_steps(values)
        if creep.height >= limits.least_height and rise >= limits.least_rise_hundredths and is_steady:
            yield _row(school_id, term_id, person, rise, chances[place], list(person.by_week)[creep.since])


def _row(school_id: str, term_id: str, person: Person, rise: float, chance: float, since: date) -> Row:
    return Row(
        school_id=school_id,
        subject_kind="staff",
        subject=person.staff_id,
        service_date=None,
        period=term_id,
        expected=f"{person.usual / 100:.2f} class hours a day",
        found=(
            f"{rise / 100:.2f} class hours a day more in the last weeks, rising since the week of {since}"
            f" ({once_in(chance)})"
        ),
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": [],
            "values": {
                "class_hours_a_day": {
                    week.isoformat(): round(hours / 100, 2) for week, hours in person.by_week.items()
                },
                "usual": round(person.usual / 100, 2),
                "chance": once_in(chance),
            },
        },
    )
