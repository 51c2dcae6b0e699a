"""F12: who of a school's month is support in nearly every slot, and was seen by nobody."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import chance_of_at_least, discoveries, once_in, pooled_rate
from services.audit_worker.fold import Row


class Named(msgspec.Struct, frozen=True):
    """One person's month: slots filled in any role, of how many were held; whether as support only, and unseen."""

    school_id: str
    period: str
    staff_id: str
    filled: int
    slots: int
    only_support: bool
    record_keys: list[str]


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_slots: int
    share_percent: int
    least_people: int
    least_spread: Decimal
    chance: Decimal


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The names, school by school and month by month. `rows`: a person's month each."""
    limits = msgspec.convert(parameters, Limits)
    named = sorted(
        (msgspec.convert(dict(row), Named) for row in rows),
        key=lambda each: (each.school_id, each.period, each.staff_id),
    )
    for _month, of_month in groupby(named, key=lambda each: (each.school_id, each.period)):
        people = list(of_month)
        if people[0].slots < limits.least_slots or len(people) <= limits.least_people:
            continue
        # Whoever was seen is no question; only the others are looked at, and counted as such.
        judged = []
        for person in people:
            if not person.only_support:
                continue
            usual = pooled_rate(
                [(other.filled, other.slots) for other in people if other is not person],
                least_spread=float(limits.least_spread),
            )
            if usual is not None:
                judged.append((person, chance_of_at_least(person.filled, person.slots, usual), usual.mean))
        for place in discoveries([chance for _person, chance, _usual in judged], rate=float(limits.chance)):
            person = judged[place][0]
            if person.filled * 100 >= person.slots * limits.share_percent:
                yield _row(*judged[place])


def _row(person: Named, chance: float, usual: float) -> Row:
    return Row(
        school_id=person.school_id,
        subject_kind="staff",
        subject=person.staff_id,
        service_date=None,
        period=person.period,
        expected=f"serve in {100 * usual:.0f} of 100 slots",
        found=f"support in {person.filled} of {person.slots} slots, seen nowhere ({once_in(chance)})",
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": sorted(person.record_keys),
            "values": {"filled": person.filled, "slots": person.slots, "chance": once_in(chance)},
        },
    )
