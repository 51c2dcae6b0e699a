"""F01: which school-months stand far above those of schools of the same stage and a similar size."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import Standing, discoveries, once_in, size_class, standings
from services.audit_worker.fold import Row


class Month(msgspec.Struct, frozen=True):
    """A school's month in sums; rolled_…: of the sessions with a roll."""

    school_id: str
    stages: str
    period: str
    days: int
    class_hours_hundredths: int
    rolled_sessions: int
    rolled_class_hours_hundredths: int
    rolled_adults: int
    came: int

    @property
    def measures(self) -> dict[str, float]:
        """What is compared, by name. Needs pupils, sessions and class hours."""
        return {
            "class hours per 100 pupils who came": self.rolled_class_hours_hundredths / self.came,
            "class hours per session": self.rolled_class_hours_hundredths / 100 / self.rolled_sessions,
            "class hours per day": self.class_hours_hundredths / 100 / self.days,
            "pupils per session": self.came / self.rolled_sessions,
            "adults per session": self.rolled_adults / self.rolled_sessions,
        }


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_peers: int
    size_factor: int
    least_days: int
    least_times: Decimal
    least_spread: Decimal
    discovery_rate: Decimal


@dataclass(frozen=True)
class Outlier:
    """One measure of one school-month, as it stands among its peers."""

    month: Month
    name: str
    value: float
    standing: Standing


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The outliers, month by month. `rows`: a school's month each, of every school of the district."""
    limits = msgspec.convert(parameters, Limits)
    months = sorted(
        (msgspec.convert(dict(row), Month) for row in rows),
        key=lambda month: (month.period, month.school_id),
    )
    for _period, of_period in groupby(months, key=lambda month: month.period):
        schools = [
            month
            for month in of_period
            if month.days >= limits.least_days and min(month.came, month.rolled_class_hours_hundredths) > 0
        ]
        looked_at = _standings(schools, limits)
        unlikely = discoveries([each.standing.chance for each in looked_at], rate=float(limits.discovery_rate))
        found = [looked_at[place] for place in unlikely if looked_at[place].standing.times >= limits.least_times]
        for _school, outliers in groupby(found, key=lambda outlier: outlier.month.school_id):
            yield _row(list(outliers))


def _standings(schools: Sequence[Month], limits: Limits) -> list[Outlier]:
    """Every measure of every school that has peers, in order of school."""
    classes = [(month.stages, size_class(month.came / month.days, limits.size_factor)) for month in schools]
    measures = [month.measures for month in schools]
    found = []
    for name in measures[0] if measures else ():
        values = [(of_class, measured[name]) for of_class, measured in zip(classes, measures, strict=True)]
        seen = standings(values, least_peers=limits.least_peers, least_spread=float(limits.least_spread))
        found += [
            Outlier(month, name, measured[name], stands)
            for month, measured, stands in zip(schools, measures, seen, strict=True)
            if stands is not None
        ]
    return sorted(found, key=lambda outlier: outlier.month.school_id)


def _row(outliers: Sequence[Outlier]) -> Row:
    month = outliers[0].month
    return Row(
        school_id=month.school_id,
        subject_kind="school",
        subject=month.school_id,
        service_date=None,
        period=month.period,
        expected=", ".join(f"{each.standing.usual:.2f}" for each in outliers),
        found=", ".join(f"{each.name} {each.value:.2f} ({once_in(each.standing.chance)})" for each in outliers),
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": [],
            "values": {
                each.name: {
                    "value": round(each.value, 2),
                    "median": round(each.standing.usual, 2),
                    "peers": each.standing.peers,
                    "chance": once_in(each.standing.chance),
                }
                for each in outliers
            },
        },
    )
