"""A05: how many of a weekday's slots one pupil can attend."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import msgspec

from services.audit_worker.fold import Row


class Filed(msgspec.Struct, frozen=True):
    """A slot on one weekday (1 is Monday); times as `HH:MM:SS`."""

    school_id: str
    term_id: str
    weekday: int
    starts_at: str
    ends_at: str


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_slots: int
    most_slots: int


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The terms of schools with too few or too many. `rows`: a slot and weekday each."""
    limits = msgspec.convert(parameters, Limits)
    filed = sorted(
        (msgspec.convert(dict(row), Filed) for row in rows),
        key=lambda each: (each.school_id, each.term_id, each.weekday, each.ends_at),
    )
    for (school_id, term_id), of_term in groupby(filed, key=lambda each: (each.school_id, each.term_id)):
        offered = {weekday: attended(slots) for weekday, slots in groupby(of_term, key=lambda each: each.weekday)}
        wrong = {
            weekday: slots for weekday, slots in offered.items() if not limits.least_slots <= slots <= limits.most_slots
        }
        if wrong:
            yield Row(
                school_id=school_id,
                subject_kind="school",
                subject=school_id,
                service_date=None,
                period=term_id,
                expected=f"{limits.least_slots}–{limits.most_slots}",
                found=", ".join(f"{weekday}: {slots}" for weekday, slots in wrong.items()),
                hours_at_risk_hundredths=None,
                amount_at_risk_fen=None,
                evidence={"values": {str(weekday): slots for weekday, slots in wrong.items()}},
            )


def attended(slots: Iterable[Filed]) -> int:
    """The most that one pupil can attend: always the one that ends first of those that begin after the last.

    `slots`: in the order of their ends.
    """
    count, last = 0, ""
    for slot in slots:
        if slot.starts_at >= last:
            count, last = count + 1, slot.ends_at
    return count
