"""Workload (工作量): each person's dates and class hours, in all and by slot, category and role; 一(二)1. Pure."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from shared.work import WorkDay, WorkSort

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


def workload_of(work: Iterable[WorkDay]) -> dict[str, Workload]:
    """By person, in the order of their ids; `work`: days in any order, each once."""
    found: dict[str, Workload] = {}
    for day in work:
        named = [_parts(sort) for sort in day.sorts]
        for staff_id, at in zip(day.staff_ids, day.sort_of, strict=True):
            own = found.get(staff_id)
            if own is None:
                own = found[staff_id] = Workload(staff_id, [], 0, {}, {}, {})
            # A person's pieces of a day stand together.
            if not own.dates or own.dates[-1] != day.service_date:
                own.dates.append(day.service_date)
            hours, slot, category, role = named[at]
            own.class_hours_hundredths += hours
            own.by_slot[slot] = own.by_slot.get(slot, 0) + hours
            own.by_category[category] = own.by_category.get(category, 0) + hours
            own.by_role[role] = own.by_role.get(role, 0) + hours
    for own in found.values():
        own.dates.sort()
    return dict(sorted(found.items()))


def _parts(sort: WorkSort) -> tuple[int, str, str, str]:
    """Its class hours, and what they count for: a duty by its kind where sessions have a category and a role."""
    duty = sort.duty_kind or DUTY
    return sort.class_hours_hundredths, sort.slot or DUTY, sort.category or duty, sort.role or duty


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
