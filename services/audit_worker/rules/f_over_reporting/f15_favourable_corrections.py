"""F15: in which months the changes after closing nearly all raise the class hours."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import Rate, chance_of_at_least, once_in
from services.audit_worker.fold import Row


class Changed(msgspec.Struct, frozen=True):
    """One record that was changed late: its revisions, and by how much its class hours came out higher."""

    school_id: str
    period: str
    record: str
    record_keys: list[str]
    more_hundredths: int


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    raised_percent: int
    least_spread: Decimal
    chance: Decimal


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The one-sided months. `rows`: a record each, changed late and in its class hours."""
    limits = msgspec.convert(parameters, Limits)
    usual = Rate(limits.raised_percent / 100, float(limits.least_spread))
    changed = sorted(
        (msgspec.convert(dict(row), Changed) for row in rows),
        key=lambda each: (each.school_id, each.period, each.record),
    )
    for (school_id, period), of_month in groupby(changed, key=lambda each: (each.school_id, each.period)):
        records = list(of_month)
        raised = [each for each in records if each.more_hundredths > 0]
        chance = chance_of_at_least(len(raised), len(records), usual)
        if raised and chance <= limits.chance:
            yield _row(school_id, period, records, raised, chance, limits)


def _row(
    school_id: str, period: str, records: Sequence[Changed], raised: Sequence[Changed], chance: float, limits: Limits
) -> Row:
    more = sum(each.more_hundredths for each in raised)
    return Row(
        school_id=school_id,
        subject_kind="school",
        subject=school_id,
        service_date=None,
        period=period,
        expected=f"{limits.raised_percent} of 100",
        found=f"{len(raised)} of {len(records)} raise the class hours, by {more / 100:.2f} together ({once_in(chance)})",
        hours_at_risk_hundredths=more,
        amount_at_risk_fen=None,
        evidence={
            "records": sorted(key for each in raised for key in each.record_keys),
            "values": {"raised": len(raised), "lowered": len(records) - len(raised), "chance": once_in(chance)},
        },
    )
