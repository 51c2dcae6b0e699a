"""Workload (工作量): each person's dates and class hours, in all and by slot, category and role; 一(二)1. Pure."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from shared.remuneration import WorkItem

# What a duty counts as where sessions have a slot.
DUTY = "duty"


class Workload(Struct, array_like=True):
    """One person's: the dates that they served, in order, and hundredths of class hours by what they did."""

    staff_id: str
    dates: list[date]
    class_hours_hundredths: int
    by_slot: dict[str, int]
    by_category: dict[str, int]
    by_role: dict[str, int]


def workload_of(work: Iterable[WorkItem]) -> dict[str, Workload]:
    """By person, in the order of their ids; `work` in any order."""
    found: dict[str, Workload] = {}
    days: dict[str, set[date]] = {}
    for item in work:
        staff_id, hours = item.staff_id, item.class_hours_hundredths
        own = found.get(staff_id)
        if own is None:
            own = found[staff_id] = Workload(staff_id, [], 0, {}, {}, {})
            days[staff_id] = set()
        days[staff_id].add(item.service_date)
        own.class_hours_hundredths += hours
        duty = item.duty_kind or DUTY
        for parts, part in (
            (own.by_slot, item.slot or DUTY),
            (own.by_category, item.category or duty),
            (own.by_role, item.role or duty),
        ):
            parts[part] = parts.get(part, 0) + hours
    for staff_id, own in found.items():
        own.dates = sorted(days[staff_id])
    return dict(sorted(found.items()))


def joined_workload(parts: Iterable[Iterable[Workload]]) -> dict[str, Workload]:
    """The workloads of several spans of days, no day in two of them, as one; by person, in the order of their ids.

    What is handed in is used up: a person's first part becomes the whole.
    """
    found: dict[str, Workload] = {}
    for part in parts:
        for each in part:
            own = found.get(each.staff_id)
            if own is None:
                found[each.staff_id] = each
                continue
            own.dates += each.dates
            own.class_hours_hundredths += each.class_hours_hundredths
            for sums, more in (
                (own.by_slot, each.by_slot),
                (own.by_category, each.by_category),
                (own.by_role, each.by_role),
            ):
                for name, hours in more.items():
                    sums[name] = sums.get(name, 0) + hours
    for own in found.values():
        own.dates.sort()
    return dict(sorted(found.items()))
