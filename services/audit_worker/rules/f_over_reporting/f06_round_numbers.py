"""F06: whose class hours of a school's month are rounded up to whole ones, where the others' are not."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import chance_of_at_least, discoveries, once_in, pooled_rate
from services.audit_worker.fold import Row


class Claimed(msgspec.Struct, frozen=True):
    """One person's month: entries whose minutes make no whole number of class hours, and those that claim one above it."""

    school_id: str
    period: str
    staff_id: str
    entries: int
    rounded_up: int
    more_hundredths: int | None
    record_keys: list[str]


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_entries: int
    least_people: int
    share_percent: int
    least_spread: Decimal
    chance: Decimal


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """Those who round up, school by school and month by month. `rows`: a person's month each."""
    limits = msgspec.convert(parameters, Limits)
    claimed = sorted(
        (msgspec.convert(dict(row), Claimed) for row in rows),
        key=lambda each: (each.school_id, each.period, each.staff_id),
    )
    for _month, of_month in groupby(claimed, key=lambda each: (each.school_id, each.period)):
        people = list(of_month)
        judged = []
        for person in people:
            others = [(other.rounded_up, other.entries) for other in people if other is not person]
            usual = pooled_rate(others, least_spread=float(limits.least_spread))
            if usual is not None and person.entries >= limits.least_entries and len(others) >= limits.least_people:
                judged.append((person, chance_of_at_least(person.rounded_up, person.entries, usual), usual.mean))
        for place in discoveries([chance for _person, chance, _usual in judged], rate=float(limits.chance)):
            if judged[place][0].rounded_up * 100 >= judged[place][0].entries * limits.share_percent:
                yield _row(*judged[place])


def _row(person: Claimed, chance: float, usual: float) -> Row:
    return Row(
        school_id=person.school_id,
        subject_kind="staff",
        subject=person.staff_id,
        service_date=None,
        period=person.period,
        expected=f"{100 * usual:.0f} of 100",
        found=f"{person.rounded_up} of {person.entries} entries are rounded up to a whole hour ({once_in(chance)})",
        hours_at_risk_hundredths=person.more_hundredths,
        amount_at_risk_fen=None,
        evidence={
            "records": person.record_keys,
            "values": {"rounded_up": person.rounded_up, "entries": person.entries, "chance": once_in(chance)},
        },
    )
