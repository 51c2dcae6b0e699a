"""What a simulated school publishes, submits and pays, worked out from its own days; and the frauds in it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256

import msgspec

from services.cli.simulator.days import Record, SchoolDay
from services.cli.simulator.figure_frauds import FIGURE_FRAUDS, Books
from services.cli.simulator.frauds import Planted
from services.cli.simulator.paper_frauds import PAPER_FRAUDS, Papers
from services.cli.simulator.people import TERM_ID, School
from services.cli.simulator.plan_frauds import change_plan, hours_of, pay_of, reverse_pay, share_alike
from services.cli.simulator.treasury import FUND_FRAUDS, funds_of
from shared.class_hours import Hundredths
from shared.work import WorkItem

IN_DOCUMENTS = (*FIGURE_FRAUDS, *PAPER_FRAUDS, *FUND_FRAUDS)
MONTH = "%Y-%m"
# Days after the meeting: when the sheet is hung and taken down, when the term is signed, submitted and paid.
DISPLAYED_FROM, DISPLAYED_TO, SIGNED, SUBMITTED, REVIEWED, PAID = 1, 7, 8, 9, 13, 20
KEPT_DAYS = 3653
# At one school in four the review cuts a line, at one in three somebody asks about theirs.
ADJUSTED, OBJECTED = 3, 2


def documents_of(
    school: School,
    made: Sequence[SchoolDay],
    frauds: Sequence[str],
    planted: Planted,
    *,
    plan_fraud: str | None = None,
    spring_day: date | None = None,
) -> dict[str, list[Record]]:
    """The deliberations and publications of each month and of the term, submission, review, payment, the subsidy's book.

    `frauds`: what is planted in the figures, the papers and the book; `plan_fraud`: in the plan of pay. 一(二)2, 一(二)3.
    """
    work = [item for one in made for item in _work_of(one)]
    if plan_fraud is not None:
        change_plan(plan_fraud, school, work, planted)
    books = _honest_books(school, work, sum(len(one.sessions) for one in made))
    if plan_fraud == "E03":
        share_alike(books, work, planted)
    if plan_fraud == "E04":
        reverse_pay(books, work, planted)
    for fraud in frauds:
        if fraud in FIGURE_FRAUDS:
            FIGURE_FRAUDS[fraud](books, planted)
    if not frauds and school.index % 4 == ADJUSTED:
        _cut_a_line(books, planted)
    first_day, met_on = min(one.day for one in made), max(one.day for one in made)
    papers = _written(books, met_on=met_on, spring_day=spring_day)
    for name, plant in PAPER_FRAUDS.items():
        if name in frauds:
            plant(papers, planted)
    lines = [line for payment in papers.payments for line in payment["lines"]]
    funds = funds_of(
        school,
        sum(line["amount_fen"] for line in lines),
        first_day,
        max((date.fromisoformat(line["paid_on"]) for line in lines), default=met_on),
        frauds,
        planted,
        goes_on=spring_day is not None,
    )
    return {
        "deliberations": papers.deliberations,
        "publications": [*papers.months, papers.term],
        "submissions": [papers.submission],
        "reviews": papers.reviews,
        "payments": papers.payments,
        "plans": [_plan(school)],
        **funds,
    }


def _honest_books(school: School, work: Sequence[WorkItem], sessions: int) -> Books:
    months = sorted({f"{item.service_date:{MONTH}}" for item in work})
    paid = pay_of(school, work)
    # Whoever is not in the plan's rates does not occur here.
    posted = {staff_id: (hours, paid[staff_id]) for staff_id, hours in hours_of(work).items()}
    of_month = {month: [item for item in work if f"{item.service_date:{MONTH}}" == month] for month in months}
    monthly = {month: hours_of(items) for month, items in of_month.items()}
    days = {month: _days(items) for month, items in of_month.items()}
    return Books(school, monthly, posted, dict(posted), paid, days, sessions)


def _cut_a_line(books: Books, planted: Planted) -> None:
    """The stage centre cuts one line, with its reason, and so much is paid: the statements differ, and it is right."""
    teacher = books.teacher(-1)
    books.cut[teacher] = books.reported[teacher][1] * 3 // 4
    books.paid[teacher] = books.cut[teacher]
    planted.honest("line_cut_by_review", books.school.school_id, teacher, f"{min(books.days)}-01")


def _written(books: Books, *, met_on: date, spring_day: date | None) -> Papers:
    """Every document; the meeting about the term is on the last day served, those about the months on theirs."""
    school = books.school
    months = [
        _publication(
            school,
            "monthly_workload",
            month,
            _lines(hours, books.days[month]),
            max(day for days in books.days[month].values() for day in days if day <= met_on),
        )
        for month, hours in books.monthly.items()
    ]
    term = _publication(school, "term_remuneration", TERM_ID, _lines(books.posted), met_on)
    if school.index % 3 == OBJECTED:
        # Somebody asked, and was answered while it was displayed.
        told = {"objection_id": "o-0", "staff_id": books.teacher(0), "text": "请核对课时", "answer": "已核对，无误"}
        days = {"made_on": _after(met_on, DISPLAYED_FROM + 1), "answered_on": _after(met_on, DISPLAYED_FROM + 3)}
        term["objections"] = [{**told, **days}]
    payment = {
        "school_id": school.school_id,
        "payment_id": f"{school.school_id}-{TERM_ID}",
        "period": TERM_ID,
        "lines": [
            {"staff_id": staff_id, "amount_fen": amount, "paid_on": _after(met_on, PAID)}
            for staff_id, amount in sorted(books.paid.items())
        ],
    }
    submission = _submission(books, term, met_on)
    return Papers(
        school=school,
        months=months,
        term=term,
        deliberations=[_deliberation(books, publication) for publication in (*months, term)],
        submission=submission,
        reviews=[_review(books, submission, _after(met_on, REVIEWED))],
        payments=[payment],
        last_day=met_on,
        spring_day=spring_day,
    )


def _review(books: Books, submission: Record, reviewed_on: str) -> Record:
    """What the stage centre decided: accepted as it is, or with a line cut."""
    lines = [
        {"staff_id": staff_id, "amount_fen": amount, "why": "超出核定课时"} for staff_id, amount in books.cut.items()
    ]
    return {
        "school_id": books.school.school_id,
        "review_id": submission["submission_id"],
        "submission_id": submission["submission_id"],
        "decision": "adjusted" if lines else "accepted",
        "reviewed_on": reviewed_on,
        "lines": lines,
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
