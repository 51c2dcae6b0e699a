"""F04: who of a school's month has the fullest day nearly every day, where the others seldom have it."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import chance_of_at_least, discoveries, once_in, pooled_rate
from services.audit_worker.fold import Row


class Served(msgspec.Struct, frozen=True):
    """One person's month: full days, of how many the school had, and the records of them as JSON, by day."""

    school_id: str
    period: str
    staff_id: str
    full_days: int
    days: int
    record_keys: str | None


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_days: int
    share_percent: int
    least_people: int
    least_spread: Decimal
    chance: Decimal


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The people who are always there, school by school and month by month. `rows`: a person's month each."""
    limits = msgspec.convert(parameters, Limits)
    served = sorted(
        (msgspec.convert(dict(row), Served) for row in rows),
        key=lambda each: (each.school_id, each.period, each.staff_id),
    )
    for _month, of_month in groupby(served, key=lambda each: (each.school_id, each.period)):
        people = list(of_month)
        if people[0].days < limits.least_days or len(people) <= limits.least_people:
            continue
        judged = []
        for person in people:
            usual = pooled_rate(
                [(other.full_days, other.days) for other in people if other is not person],
                least_spread=float(limits.least_spread),
            )
            if usual is not None:
                judged.append((person, chance_of_at_least(person.full_days, person.days, usual), usual.mean))
        for place in discoveries([chance for _person, chance, _usual in judged], rate=float(limits.chance)):
            if judged[place][0].full_days * 100 >= judged[place][0].days * limits.share_percent:
                yield _row(*judged[place])


def _row(person: Served, chance: float, usual: float) -> Row:
    days = msgspec.json.decode(person.record_keys or "[]", type=list[list[str]])
    return Row(
        school_id=person.school_id,
        subject_kind="staff",
        subject=person.staff_id,
        service_date=None,
        period=person.period,
        expected=f"have it on {100 * usual:.0f} of 100 days",
        found=f"the fullest day on {person.full_days} of {person.days} days ({once_in(chance)})",
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": sorted({key for keys in days for key in keys}),
            "values": {"full_days": person.full_days, "days": person.days, "chance": once_in(chance)},
        },
    )
