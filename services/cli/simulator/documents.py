"""What a simulated school publishes, submits and pays, worked out from its own days; and the frauds in it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

import msgspec

from services.cli.simulator.days import Record, SchoolDay
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School, registers_of
from shared.class_hours import Hundredths
from shared.remuneration import AllocationPlan, WorkItem, compute_pay

MONTH = "%Y-%m"
# Days after the meeting: when the sheet is hung and taken down, when the term is signed, submitted and paid.
DISPLAYED_FROM, DISPLAYED_TO, SIGNED, SUBMITTED, PAID = 1, 7, 8, 9, 20
KEPT_DAYS = 3653


@dataclass
class Books:
    """A school's statements before they are written down: hundredths of class hours and fen, by person.

    days: the dates each person served, by month. sessions: how many were arranged. monthly: published by month. posted: published for the term. reported: submitted. paid: paid.
    """

    school: School
    monthly: dict[str, dict[str, int]]
    posted: dict[str, tuple[int, int]]
    reported: dict[str, tuple[int, int]]
    paid: dict[str, int]
    days: dict[str, dict[str, list[date]]]
    sessions: int

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
    """The deliberations and publications of each month and of the term, the submission, the payment; 一(二)2, 一(二)3."""
    books = _honest_books(
        school, [item for one in made for item in _work_of(one)], sum(len(one.sessions) for one in made)
    )
    for fraud in frauds:
        if fraud in _FALSIFY:
            _FALSIFY[fraud](books, planted)
    first_day, met_on = min(one.day for one in made), max(one.day for one in made)
    return _written(books, met_on=met_on) | {"fund-lines": _book(books, first_day.isoformat(), _after(met_on, PAID))}


def _honest_books(school: School, work: Sequence[WorkItem], sessions: int) -> Books:
    months = sorted({f"{item.service_date:{MONTH}}" for item in work})
    plans = [
        msgspec.json.decode(msgspec.json.encode(plan), type=AllocationPlan)
        for plan in registers_of(school)["allocation-plans"]
    ]
    # One pay line an honest person: whoever is not in the plan's rates does not occur here.
    paid = {staff_id: int(amount) for staff_id, amount in compute_pay(plans, work).total_by_staff_fen.items()}
    posted = {staff_id: (hours, paid[staff_id]) for staff_id, hours in _hours(work).items()}
    monthly = {month: _hours(item for item in work if f"{item.service_date:{MONTH}}" == month) for month in months}
    days = {month: _days(item for item in work if f"{item.service_date:{MONTH}}" == month) for month in months}
    return Books(school, monthly, posted, dict(posted), paid, days, sessions)


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


def _written(books: Books, *, met_on: date) -> dict[str, list[Record]]:
    """Every document; the meeting about the term is on the last day served, those about the months on theirs."""
    school = books.school
    months = [
        _publication(
            school,
            "monthly_workload",
            month,
            _lines(hours, books.days[month]),
            max(day for days in books.days[month].values() for day in days),
        )
        for month, hours in books.monthly.items()
    ]
    term = _publication(school, "term_remuneration", TERM_ID, _lines(books.posted), met_on)
    payment = {
        "school_id": school.school_id,
        "payment_id": f"{school.school_id}-{TERM_ID}",
        "period": TERM_ID,
        "lines": [
            {"staff_id": staff_id, "amount_fen": amount, "paid_on": _after(met_on, PAID)}
            for staff_id, amount in sorted(books.paid.items())
        ],
    }
    return {
        "deliberations": [_deliberation(books, publication) for publication in (*months, term)],
        "publications": [*months, term],
        "submissions": [_submission(books, term, met_on)],
        "payments": [payment],
        "plans": [_plan(school)],
    }


def _plan(school: School) -> Record:
    """One school, one plan a year (一校一方案), filed in the first weeks."""
    return {
        "school_id": school.school_id,
        "plan_id": f"{school.school_id}-{TERM_ID[:9]}",
        "academic_year": TERM_ID[:9],
        "implementation": "每天设作业辅导与素质拓展时段",
        "process": "申请、编班、考勤、汇总、公示",
        "safeguards": "行政值班与巡查",
        "submitted_on": "2025-09-10",
    }


def _deliberation(books: Books, publication: Record) -> Record:
    item = {
        "kind": publication["kind"],
        "period": publication["period"],
        "document_id": publication["publication_id"],
        "content_hash": publication["content_hash"],
    }
    if publication["period"] == TERM_ID:
        item["amount_fen"] = sum(amount for _hours, amount in books.posted.values())
    return {
        "school_id": books.school.school_id,
        "deliberation_id": publication["deliberation_id"],
        "held_on": _after(date.fromisoformat(publication["displayed_from"]), -DISPLAYED_FROM),
        "topic": "课后服务工作量公示",
        "decision": "approved",
        "participants": [person.staff_id for person in books.school.administrators],
        "eligible": len(books.school.administrators),
        "items": [item],
    }


def _submission(books: Books, term: Record, met_on: date) -> Record:
    school = books.school
    lines = _lines(books.reported)
    content_hash = _digest(lines)
    return {
        "school_id": school.school_id,
        "submission_id": f"{school.school_id}-{TERM_ID}",
        "term_id": TERM_ID,
        "lines": lines,
        "submitted_on": _after(met_on, SUBMITTED),
        "principal_signed_by": school.administrators[0].staff_id,
        "principal_signed_on": _after(met_on, SIGNED),
        "principal_signed_hash": content_hash,
        "party_seal_by": school.administrators[1].staff_id,
        "party_seal_on": _after(met_on, SIGNED),
        "party_seal_hash": content_hash,
        "publication_id": term["publication_id"],
        "content_hash": content_hash,
        "attachments": [
            {"kind": "arrangement_table", "sessions": books.sessions},
            {"kind": "decision_record", "document_id": term["deliberation_id"]},
            {"kind": "publication_material", "content_hash": term["content_hash"]},
        ],
    }


def _after(day: date, days: int) -> str:
    return (day + timedelta(days=days)).isoformat()


def _digest(lines: Sequence[Record]) -> str:
    return sha256(msgspec.json.encode(lines)).hexdigest()


def _book(books: Books, first_day: str, last_day: str) -> list[Record]:
    """The special subsidy: what the term's pay takes and five hundred yuan come in, and what is paid goes out."""
    school_id, paid, rest = books.school.school_id, sum(books.paid.values()), 50000
    came: Record = {
        "direction": "receipt",
        "category": "subsidy",
        "amount_fen": paid + rest,
        "balance_fen": paid + rest,
    }
    went: Record = {"direction": "spending", "category": "remuneration", "amount_fen": paid, "payee_kind": "staff"}
    return [
        {"school_id": school_id, "line_id": f"{TERM_ID}-1", "booked_on": first_day, **came},
        {"school_id": school_id, "line_id": f"{TERM_ID}-2", "booked_on": last_day, **went, "balance_fen": rest},
    ]


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


def _days(work: Iterable[WorkItem]) -> dict[str, list[date]]:
    dates: dict[str, set[date]] = defaultdict(set)
    for item in work:
        dates[item.staff_id].add(item.service_date)
    return {staff_id: sorted(days) for staff_id, days in dates.items()}


def _publication(school: School, kind: str, period: str, lines: list[Record], met_on: date) -> Record:
    content_hash = _digest(lines)
    return {
        "school_id": school.school_id,
        "publication_id": f"{school.school_id}-{period}",
        "kind": kind,
        "period": period,
        "place": "校务公开栏",
        "deliberation_id": f"{school.school_id}-{period}",
        "displayed_from": _after(met_on, DISPLAYED_FROM),
        "displayed_to": _after(met_on, DISPLAYED_TO),
        "content_hash": content_hash,
        "lines": lines,
        "archive": [
            {
                "content_hash": content_hash,
                "stored_on": _after(met_on, SIGNED),
                "keep_until": _after(met_on, KEPT_DAYS),
            },
        ],
    }


def _lines(
    lines: Mapping[str, int] | Mapping[str, tuple[int, int]], days: Mapping[str, Sequence[date]] | None = None
) -> list[Record]:
    """Lines in order of people; of a month with the dates that each served."""
    shown = []
    for staff_id, line in sorted(lines.items()):
        hours, amount = line if isinstance(line, tuple) else (line, None)
        shown.append(
            {
                "staff_id": staff_id,
                "class_hours": hours / 100,
                **({} if amount is None else {"amount_fen": amount}),
                **({} if days is None else {"dates": [day.isoformat() for day in days.get(staff_id, ())]}),
            },
        )
    return shown
