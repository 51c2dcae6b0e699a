"""What a simulated school publishes, submits and pays, worked out from its own days; and the frauds in it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from services.cli.simulator.days import Record, SchoolDay
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School, registers_of
from shared.class_hours import Hundredths
from shared.remuneration import AllocationPlan, WorkItem, compute_pay

MONTH = "%Y-%m"


@dataclass
class Books:
    """A school's statements before they are written down: hundredths of class hours and fen, by person.

    monthly: published by month. posted: published for the term. reported: submitted. paid: paid.
    """

    school: School
    monthly: dict[str, dict[str, int]]
    posted: dict[str, tuple[int, int]]
    reported: dict[str, tuple[int, int]]
    paid: dict[str, int]

    @property
    def first_month(self) -> str:
        """The month that frauds are planted in."""
        return min(self.monthly)

    def teacher(self, place: int) -> str:
        """One of the teachers with pay, always the same one."""
        return sorted(staff_id for staff_id in self.posted if ".T" in staff_id)[place]


def documents_of(
    school: School, made: Sequence[SchoolDay], frauds: Sequence[str], planted: Planted
) -> dict[str, list[Record]]:
    """The publications of each month and of the term, the submission, the payment; 一(二)2, 一(二)3."""
    books = _honest_books(school, [item for one in made for item in _work_of(one)])
    for fraud in frauds:
        if fraud in _FALSIFY:
            _FALSIFY[fraud](books, planted)
    return _written(books, last_day=max(one.day for one in made).isoformat())


def _honest_books(school: School, work: Sequence[WorkItem]) -> Books:
    months = sorted({f"{item.service_date:{MONTH}}" for item in work})
    plans = [
        msgspec.json.decode(msgspec.json.encode(plan), type=AllocationPlan)
        for plan in registers_of(school)["allocation-plans"]
    ]
    # One pay line an honest person: whoever is not in the plan's rates does not occur here.
    paid = {staff_id: int(amount) for staff_id, amount in compute_pay(plans, work).total_by_staff_fen.items()}
    posted = {staff_id: (hours, paid[staff_id]) for staff_id, hours in _hours(work).items()}
    monthly = {month: _hours(item for item in work if f"{item.service_date:{MONTH}}" == month) for month in months}
    return Books(school, monthly, posted, dict(posted), paid)


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


def _pay_an_idle_person(books: Books, planted: Planted) -> None:
    idle = books.school.idle[0].staff_id
    books.paid[idle] = 88000
    planted.label("E05", books.school.school_id, idle, "paid without work", period=TERM_ID)


def _pay_more(books: Books, planted: Planted) -> None:
    teacher = books.teacher(1)
    books.paid[teacher] += 12000
    planted.label("E07", books.school.school_id, teacher, "paid more than submitted", period=TERM_ID)


_FALSIFY: Mapping[str, Callable[[Books, Planted], None]] = {
    "D04": _publish_more,
    "D05-extra": _publish_an_idle_person,
    "D05-missing": _leave_a_worker_out,
    "D07": _submit_more,
    "D08": _move_hours,
    "E05": _pay_an_idle_person,
    "E07": _pay_more,
}


def _written(books: Books, *, last_day: str) -> dict[str, list[Record]]:
    school = books.school
    document_id = f"{school.school_id}-{TERM_ID}"
    submission = {
        "school_id": school.school_id,
        "submission_id": document_id,
        "term_id": TERM_ID,
        "lines": _lines(books.reported),
        "submitted_on": last_day,
        "principal_signed_by": school.administrators[0].staff_id,
        "principal_signed_on": last_day,
    }
    payment = {
        "school_id": school.school_id,
        "payment_id": document_id,
        "period": TERM_ID,
        "lines": [
            {"staff_id": staff_id, "amount_fen": amount, "paid_on": last_day}
            for staff_id, amount in sorted(books.paid.items())
        ],
    }
    return {
        "publications": [
            *(_publication(school, "monthly_workload", month, hours) for month, hours in books.monthly.items()),
            _publication(school, "term_remuneration", TERM_ID, books.posted),
        ],
        "submissions": [submission],
        "payments": [payment],
    }


def _work_of(made: SchoolDay) -> Iterator[WorkItem]:
    kinds = {person.staff_id: person.kind for person in made.school.staff}
    for session in made.sessions:
        if session["state"] != "held":
            continue
        for member in session["staff"]:
            yield WorkItem(
                record_key=session["session_id"],
                staff_id=member["staff_id"],
                service_date=date.fromisoformat(session["service_date"]),
                class_hours_hundredths=Hundredths(round(member["class_hours"] * 100)),
                category=session["category"],
                slot=session["slot"],
                role=member["role"],
                staff_kind=kinds.get(member["staff_id"], "shared"),
                headcount=session["headcount"],
            )
    for duty in made.duties:
        yield WorkItem(
            record_key=duty["duty_id"],
            staff_id=duty["staff_id"],
            service_date=date.fromisoformat(duty["service_date"]),
            class_hours_hundredths=Hundredths(round(duty["class_hours"] * 100)),
            duty_kind=duty["kind"],
            staff_kind=kinds.get(duty["staff_id"], "employee"),
        )


def _hours(work: Iterable[WorkItem]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for item in work:
        totals[item.staff_id] += item.class_hours_hundredths
    return dict(totals)


def _publication(school: School, kind: str, period: str, lines: dict[str, int] | dict[str, tuple[int, int]]) -> Record:
    return {
        "school_id": school.school_id,
        "publication_id": f"{school.school_id}-{period}",
        "kind": kind,
        "period": period,
        "place": "校务公开栏",
        "lines": _lines(lines),
    }


def _lines(lines: dict[str, int] | dict[str, tuple[int, int]]) -> list[Record]:
    shown = []
    for staff_id, line in sorted(lines.items()):
        hours, amount = line if isinstance(line, tuple) else (line, None)
        shown.append(
            {"staff_id": staff_id, "class_hours": hours / 100, **({} if amount is None else {"amount_fen": amount})},
        )
    return shown
