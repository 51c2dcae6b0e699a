"""Work (工作): who did what on which day and for how many class hours, piece by piece and as the rollup packs a day; 一(二)1. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from msgspec import Struct

from shared.class_hours import Hundredths


class WorkItem(Struct, frozen=True, gc=False):
    """One person's part in one held session, or one duty. What of the person is not said here, the run is told."""

    record_key: str
    staff_id: str
    service_date: date
    class_hours_hundredths: Hundredths
    category: str | None = None
    duty_kind: str | None = None
    slot: str | None = None
    role: str | None = None
    staff_kind: str | None = None
    headcount: int | None = None
    quality: str | None = None


class WorkSort(Struct, frozen=True, gc=False, array_like=True):
    """What many pieces of work have in common: a school's day has some ten sorts of it."""

    class_hours_hundredths: Hundredths
    category: str | None = None
    duty_kind: str | None = None
    slot: str | None = None
    role: str | None = None
    staff_kind: str | None = None
    quality: str | None = None


class WorkDay(Struct, frozen=True, array_like=True):
    """A school's day as ledger.work_within has it: parallel lists, an element a piece of work, by person and record.

    The piece at place n is `record_keys[n]` by `staff_ids[n]` for `headcounts[n]` pupils, of the sort `sorts[sort_of[n]]`.
    """

    service_date: date
    sorts: list[WorkSort]
    sort_of: list[int]
    staff_ids: list[str]
    record_keys: list[str]
    headcounts: list[int | None]

    def items(self) -> Iterator[WorkItem]:
        """Piece by piece."""
        for at, staff_id, record_key, headcount in zip(
            self.sort_of, self.staff_ids, self.record_keys, self.headcounts, strict=True
        ):
            sort = self.sorts[at]
            yield WorkItem(
                record_key, staff_id, self.service_date, sort.class_hours_hundredths, sort.category, sort.duty_kind,
                sort.slot, sort.role, sort.staff_kind, headcount, sort.quality,
            )  # fmt: skip


def days_of(work: Iterable[WorkItem]) -> list[WorkDay]:
    """The pieces packed, given in any order; the same pieces make the same days."""
    of_day: dict[date, list[WorkItem]] = defaultdict(list)
    for item in work:
        of_day[item.service_date].append(item)
    return [_packed(day, sorted(of_day[day], key=_place)) for day in sorted(of_day)]


def hours_of(work: Iterable[WorkDay]) -> dict[str, int]:
    """By person, hundredths of class hours, in the order of their ids."""
    hours: dict[str, int] = {}
    for day in work:
        of_sort = [sort.class_hours_hundredths for sort in day.sorts]
        for staff_id, at in zip(day.staff_ids, day.sort_of, strict=True):
            hours[staff_id] = hours.get(staff_id, 0) + of_sort[at]
    return dict(sorted(hours.items()))


def dates_of(work: Iterable[WorkDay]) -> Mapping[str, set[date]]:
    """By person, the days that they served."""
    dates: dict[str, set[date]] = defaultdict(set)
    for day in work:
        for staff_id in set(day.staff_ids):
            dates[staff_id].add(day.service_date)
    return dates


def _place(item: WorkItem) -> tuple[str, str, str]:
    # Two parts of one person in one record by all that they say, so that no order given matters.
    return item.staff_id, item.record_key, repr(item)


def _packed(day: date, items: list[WorkItem]) -> WorkDay:
    sorts: dict[WorkSort, int] = {}
    sort_of = [
        sorts.setdefault(
            WorkSort(
                item.class_hours_hundredths, item.category, item.duty_kind, item.slot, item.role, item.staff_kind,
                item.quality,
            ),
            len(sorts),
        )
        for item in items
    ]  # fmt: skip
    return WorkDay(
        day,
        list(sorts),
        sort_of,
        [item.staff_id for item in items],
        [item.record_key for item in items],
        [item.headcount for item in items],
    )
