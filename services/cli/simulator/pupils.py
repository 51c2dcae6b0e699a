"""Who of a simulated school's pupils is missing when: illnesses of some days, sickly pupils, fixed appointments, a flu in a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from services.cli.simulator.people import School

# An illness goes on the next day with this probability: 2.2 days on average.
GOES_ON = 0.55
# So many pupils are elsewhere on one and the same weekday of every week (a club, a doctor).
WITH_APPOINTMENT, KEEPS_IT = 0.04, 0.8
SICKLY, SICKLY_RATE = 0.02, 0.25
# A class has the flu in a week with this probability, and then falls ill so many times as often.
FLU_A_WEEK, IN_THE_FLU = 0.04, 4.0
MOST = 0.35


@dataclass
class _Pupil:
    """How often one pupil falls ill, and the weekday on which they have something else."""

    name: str
    class_no: str
    falls_ill: float
    appointment: int | None
    is_ill: bool = False


def missing_by_day(school: School, days: Sequence[date], rng: Random) -> dict[date, frozenset[str]]:
    """The pupils who do not come at all, by day; 3 to 9 in a hundred, more in one school than in another."""
    usual = 0.03 * rng.lognormvariate(0, 0.3)
    pupils = [_pupil(name, class_no, usual, rng) for class_no, names in school.classes.items() for name in names]
    flu: dict[tuple[str, int], float] = {}
    missing = {}
    for day in days:
        week = day.isocalendar().week
        # Rain and the eve of a holiday keep more at home.
        weather = 0.8 + 0.9 * rng.random() ** 4
        gone = set()
        for pupil in pupils:
            at = (pupil.class_no, week)
            if at not in flu:
                flu[at] = IN_THE_FLU if rng.random() < FLU_A_WEEK else 1.0
            chance = GOES_ON if pupil.is_ill else pupil.falls_ill * flu[at] * weather
            pupil.is_ill = rng.random() < chance
            if pupil.is_ill or (pupil.appointment == day.isoweekday() and rng.random() < KEEPS_IT):
                gone.add(pupil.name)
        missing[day] = frozenset(gone)
    return missing


def _pupil(name: str, class_no: str, usual: float, rng: Random) -> _Pupil:
    rate = SICKLY_RATE if rng.random() < SICKLY else min(MOST, rng.gammavariate(1.6, usual / 1.6))
    appointment = rng.randint(1, 5) if rng.random() < WITH_APPOINTMENT else None
    # The share of days ill is the rate of falling ill over itself and the rate of getting well.
    return _Pupil(name, class_no, (1 - GOES_ON) * rate / (1 - rate), appointment)
