"""A11: which classes of a school's month have the same numbers, or the same pupils missing, for too long."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

import msgspec

from services.audit_worker.estimators import (
    chance_of_at_least,
    discoveries,
    equal_neighbours,
    longest_run,
    once_in,
    pooled_rate,
)
from services.audit_worker.fold import Row


class Taken(msgspec.Struct, frozen=True):
    """One session with its roll: how many came, how many and who were missing (as a text)."""

    school_id: str
    period: str
    service_date: date
    session_id: str
    slot: str
    group_key: str
    came: int
    missing: int
    who_is_missing: str | None
    record_key: str
    roll_key: str


class Limits(msgspec.Struct, frozen=True):
    """The rule's parameters."""

    least_run: int
    least_groups: int
    least_spread: Decimal
    chance: Decimal


@dataclass(frozen=True)
class Run:
    """The longest stretch of a class without a change: its sessions, how likely it is, how it reads."""

    group_key: str
    sessions: Sequence[Taken]
    chance: float
    expected: str
    found: str


def find(rows: Sequence[Mapping[str, object]], parameters: Mapping[str, object]) -> Iterable[Row]:
    """The classes that stand still, school by school and month by month. `rows`: a session with its roll each."""
    limits = msgspec.convert(parameters, Limits)
    taken = sorted(
        (msgspec.convert(dict(row), Taken) for row in rows),
        key=lambda each: (each.school_id, each.period, each.slot, each.group_key, each.service_date, each.session_id),
    )
    for (school_id, period), of_month in groupby(taken, key=lambda each: (each.school_id, each.period)):
        runs = [
            run
            for _slot, of_slot in groupby(of_month, key=lambda each: each.slot)
            for run in _runs([list(group) for _key, group in groupby(of_slot, key=lambda each: each.group_key)], limits)
        ]
        found = [runs[place] for place in discoveries([run.chance for run in runs], rate=float(limits.chance))]
        # The likelier of two runs of one class says less.
        by_class = {run.group_key: run for run in sorted(found, key=lambda run: -run.chance)}
        yield from (_row(school_id, period, run) for run in by_class.values())


def _runs(groups: Sequence[Sequence[Taken]], limits: Limits) -> Iterator[Run]:
    """The longest run of each group of a slot, of numbers and of pupils, against what the other groups do."""
    daily = [group for group in groups if len(group) > limits.least_run]
    for group in daily:
        size = max(each.came + each.missing for each in group)
        others = [
            other
            for other in daily
            if other is not group and size / 2 <= max(each.came + each.missing for each in other) <= size * 2
        ]
        if len(others) >= limits.least_groups:
            for of_what in ("as many pupils", "the same pupils missing"):
                run = _run(group, others, of_what, limits)
                if run is not None:
                    yield run


def _run(group: Sequence[Taken], others: Sequence[Sequence[Taken]], of_what: str, limits: Limits) -> Run | None:
    def said(sessions: Sequence[Taken]) -> list[object]:
        return [each.came if of_what == "as many pupils" else (each.who_is_missing or "") for each in sessions]

    place, length = longest_run(said(group))
    usual = pooled_rate(
        [(equal_neighbours(said(other)), len(other) - 1) for other in others], least_spread=float(limits.least_spread)
    )
    sessions = group[place : place + length]
    if usual is None or length < limits.least_run or not any(each.missing for each in sessions):
        return None
    steps = length - 1
    # It may have begun at any of so many places.
    chance = min(1.0, (len(group) - steps) * chance_of_at_least(steps, steps, usual))
    return Run(
        group[0].group_key,
        sessions,
        chance,
        f"a change in {100 * (1 - usual.mean):.0f} of 100 sessions at the other classes",
        f"{length} sessions with {of_what} from {sessions[0].service_date} on ({once_in(chance)})",
    )


def _row(school_id: str, period: str, run: Run) -> Row:
    return Row(
        school_id=school_id,
        subject_kind="class",
        subject=run.group_key,
        service_date=None,
        period=period,
        expected=run.expected,
        found=run.found,
        hours_at_risk_hundredths=None,
        amount_at_risk_fen=None,
        evidence={
            "records": sorted([each.record_key for each in run.sessions] + [each.roll_key for each in run.sessions]),
            "values": {
                "came": [each.came for each in run.sessions],
                "days": [each.service_date.isoformat() for each in run.sessions],
                "chance": once_in(run.chance),
            },
        },
    )
