"""A school's statements as figures, before they are written down; and the frauds in them.

Labelled rules: D01 D04 D05 D06 D07 D08, E01 E05 E07.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School


@dataclass
class Books:
    """A school's statements before they are written down: hundredths of class hours and fen, by person.

    days: the dates each person served, by month. sessions: how many were arranged. monthly: published by month. posted: published for the term. reported: submitted. paid: paid. cut: what a review left of a line.
    """

    school: School
    monthly: dict[str, dict[str, int]]
    posted: dict[str, tuple[int, int]]
    reported: dict[str, tuple[int, int]]
    paid: dict[str, int]
    days: dict[str, dict[str, list[date]]]
    sessions: int
    cut: dict[str, int] = field(default_factory=dict)

    @property
    def first_month(self) -> str:
        """The month that frauds are planted in."""
        return min(self.monthly)

    def teacher(self, place: int) -> str:
        """One of the teachers with pay, always the same one."""
        return sorted(staff_id for staff_id in self.posted if ".T" in staff_id)[place]


def _publish_more(books: Books, planted: Planted) -> None:
    month, teacher = books.first_month, books.teacher(0)
    books.monthly[month][teacher] += 200
    planted.label("D04", books.school.school_id, teacher, "two hours more published than worked", period=month)


def _publish_an_idle_person(books: Books, planted: Planted) -> None:
    month, idle = books.first_month, books.school.idle[1].staff_id
    books.monthly[month][idle] = 600
    planted.label("D05", books.school.school_id, idle, "published without any work", period=month)


def _leave_a_worker_out(books: Books, planted: Planted) -> None:
    month = books.first_month
    worker = next(each for each in sorted(books.monthly[month], reverse=True) if each != books.teacher(0))
    del books.monthly[month][worker]
    planted.label("D05", books.school.school_id, worker, "worked and not published", period=month)


def _submit_more(books: Books, planted: Planted) -> None:
    teacher = books.teacher(0)
    hours, amount = books.reported[teacher]
    books.reported[teacher] = (hours + 300, amount + 25500)
    books.paid[teacher] = amount + 25500
    planted.label("D07", books.school.school_id, teacher, "three hours more submitted than published", period=TERM_ID)


def _move_hours(books: Books, planted: Planted) -> None:
    school_id, gains, loses = books.school.school_id, books.teacher(0), books.teacher(1)
    for teacher, hours in ((gains, 150), (loses, -150)):
        books.reported[teacher] = (books.posted[teacher][0] + hours, books.posted[teacher][1])
        planted.label("D07", school_id, teacher, "one side of moved hours", period=TERM_ID)
    planted.label("D08", school_id, school_id, "hours moved between people", period=TERM_ID)


def _date_a_saturday(books: Books, planted: Planted) -> None:
    """The month's sheet has one on a Saturday without service: an impossible date."""
    month = books.first_month
    teacher = next(each for each in sorted(books.monthly[month]) if each >= books.teacher(2))
    first = date.fromisoformat(f"{month}-01")
    books.days[month][teacher].append(first + timedelta(days=(5 - first.weekday()) % 7))
    planted.label("D01", books.school.school_id, teacher, "a Saturday among the dates served", period=month)


def _post_more_for_the_term(books: Books, planted: Planted) -> None:
    """More for the term than in its months together, and submitted so; the money is the plan's."""
    teacher = books.teacher(2)
    hours, amount = books.posted[teacher]
    books.posted[teacher] = books.reported[teacher] = (hours + 250, amount)
    planted.label("D06", books.school.school_id, teacher, "more for the term than in its months", period=TERM_ID)


def _pay_beside_the_plan(books: Books, planted: Planted) -> None:
    """An allowance that the plan does not know, posted, submitted and paid alike."""
    teacher = books.teacher(3)
    hours, amount = books.posted[teacher]
    books.posted[teacher] = books.reported[teacher] = (hours, amount + 4700)
    books.paid[teacher] += 4700
    planted.label("E01", books.school.school_id, teacher, "an allowance that the plan does not know", period=TERM_ID)


def _pay_an_idle_person(books: Books, planted: Planted) -> None:
    idle = books.school.idle[0].staff_id
    books.paid[idle] = 88000
    planted.label("E05", books.school.school_id, idle, "paid without work", period=TERM_ID)


def _pay_more(books: Books, planted: Planted) -> None:
    teacher = books.teacher(1)
    books.paid[teacher] += 12000
    planted.label("E07", books.school.school_id, teacher, "paid more than submitted", period=TERM_ID)


FIGURE_FRAUDS: Mapping[str, Callable[[Books, Planted], None]] = {
    "D01": _date_a_saturday,
    "D04": _publish_more,
    "D05-extra": _publish_an_idle_person,
    "D05-missing": _leave_a_worker_out,
    "D06": _post_more_for_the_term,
    "D07": _submit_more,
    "D08": _move_hours,
    "E01": _pay_beside_the_plan,
    "E05": _pay_an_idle_person,
    "E07": _pay_more,
}
