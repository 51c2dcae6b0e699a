"""What a simulated school publishes, submits and pays, worked out from its own days; and the frauds in it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from services.cli.simulator.days import Record, SchoolDay
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School, registers_of
from shared.class_hours import Hundredths
from shared.remuneration import AllocationPlan, WorkItem, compute_pay

MONTH = "%Y-%m"


def documents_of(
    school: School, made: Sequence[SchoolDay], frauds: Sequence[str], planted: Planted
) -> dict[str, list[Record]]:
    """The publications of each month and of the term, the submission, the payment; 一(二)2, 一(二)3."""
    work = [item for one in made for item in _work_of(one)]
    months = {f"{one.day:{MONTH}}" for one in made}
    monthly = {
        month: _hours(item for item in work if f"{item.service_date:{MONTH}}" == month) for month in sorted(months)
    }
    plans = [
        msgspec.json.decode(msgspec.json.encode(plan), type=AllocationPlan)
        for plan in registers_of(school)["allocation-plans"]
    ]
    pay = compute_pay(plans, work)
    # One pay line an honest person: whoever is not in the plan's rates does not occur here.
    amounts = {staff_id: int(amount) for staff_id, amount in pay.total_by_staff_fen.items()}
    term_hours = _hours(iter(work))
    posted = {staff_id: (hours, amounts[staff_id]) for staff_id, hours in term_hours.items()}
    reported = dict(posted)
    paid = dict(amounts)
    last_day = max(one.day for one in made)
    month = min(months)
    first, second = sorted(staff_id for staff_id in posted if ".T" in staff_id)[:2]
    for fraud in frauds:
        if fraud == "D04":
            monthly[month][first] += 200
            planted.label("D04", school.school_id, first, "two hours more published than worked", period=month)
        elif fraud == "D05-extra":
            idle = school.idle[1].staff_id
            monthly[month][idle] = Hundredths(600)
            planted.label("D05", school.school_id, idle, "published without any work", period=month)
        elif fraud == "D05-missing":
            worker = next(staff_id for staff_id in sorted(monthly[month], reverse=True) if staff_id != first)
            del monthly[month][worker]
            planted.label("D05", school.school_id, worker, "worked and not published", period=month)
        elif fraud == "D07":
            hours, amount = reported[first]
            reported[first] = (hours + 300, amount + 25500)
            paid[first] = amount + 25500
            planted.label("D07", school.school_id, first, "three hours more submitted than published", period=TERM_ID)
        elif fraud == "D08":
            reported[first] = (posted[first][0] + 150, posted[first][1])
            reported[second] = (posted[second][0] - 150, posted[second][1])
            planted.label("D08", school.school_id, school.school_id, "hours moved between people", period=TERM_ID)
            for moved in (first, second):
                planted.label("D07", school.school_id, moved, "one side of moved hours", period=TERM_ID)
        elif fraud == "E05":
            idle = school.idle[0].staff_id
            paid[idle] = 88000
            planted.label("E05", school.school_id, idle, "paid without work", period=TERM_ID)
        elif fraud == "E07":
            paid[second] += 12000
            planted.label("E07", school.school_id, second, "paid more than submitted", period=TERM_ID)
    return {
        "publications": [
            *(_publication(school, "monthly_workload", month, hours) for month, hours in monthly.items()),
            _publication(school, "term_remuneration", TERM_ID, posted),
        ],
        "submissions": [
            {
                "school_id": school.school_id,
                "submission_id": f"{school.school_id}-{TERM_ID}",
                "term_id": TERM_ID,
                "lines": _lines(reported),
                "submitted_on": last_day.isoformat(),
                "principal_signed_by": school.administrators[0].staff_id,
                "principal_signed_on": last_day.isoformat(),
            },
        ],
        "payments": [
            {
                "school_id": school.school_id,
                "payment_id": f"{school.school_id}-{TERM_ID}",
                "period": TERM_ID,
                "lines": [
                    {"staff_id": staff_id, "amount_fen": amount, "paid_on": last_day.isoformat()}
                    for staff_id, amount in sorted(paid.items())
                ],
            },
        ],
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


def _hours(work: Iterator[WorkItem]) -> dict[str, int]:
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
