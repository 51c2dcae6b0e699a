"""The frauds that take more than a day: days that are missing, headcounts that grow a little every day, what is registered.

Labelled rules: A01 (a closed day), A02, A05, A09 (day after day), B02, B03, B05, B07, C06, C07; E08 by a day of the next term.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

from services.cli.simulator.day_frauds import monday_of
from services.cli.simulator.days import Absences, Record, SchoolDay, came
from services.cli.simulator.families import SIGNED_ON, WEEKDAYS
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, Choice, School

STATUSES = ("present", "late", "left_early", "absent", "excused")
# A month of fewer days says nothing of who works the most (C06).
LEAST_DAYS_A_MONTH = 8
# The class whose headcount grows, by how many, on how many days.
GROWING_CLASS, GROWS_BY, GROWING_DAYS = "h01", 1, 5


@dataclass
class Term:
    """A school's term as its days are made, and the papers that are no statements. touched: days with a fraud of their own. served: those on which there was service."""

    school: School
    days: list[SchoolDay]
    touched: set[date]
    served: set[date]
    absences: Absences
    closed: date | None
    rng: Random
    surveys: list[Record] = field(default_factory=list)
    evaluations: list[Record] = field(default_factory=list)
    invoices: dict[tuple[str, str], Record] = field(default_factory=dict)

    def label(self, planted: Planted, rule: str, note: str, **when: str) -> None:
        """A finding about the school."""
        planted.label(rule, self.school.school_id, self.school.school_id, note, **when)

    @property
    def untouched(self) -> list[SchoolDay]:
        """The days on which nothing is planted yet."""
        return [made for made in self.days if made.day not in self.touched]


OfTerm = Callable[[Term, Planted], None]


def file_four_slots(school: School, planted: Planted) -> None:
    """Slots that are filed, so that there are four, and never held."""
    late = {"s3": ("17:30", "18:00"), "s4": ("18:00", "18:30")}
    school.unused_slots = {slot: at for slot, at in late.items() if slot not in school.slots}
    planted.label("A05", school.school_id, school.school_id, "four slots a day are filed", period=TERM_ID)


def choose_alike(school: School, planted: Planted) -> None:
    """The families of all classes but the last have one and the same choice."""
    alike = list(school.classes)[: max(2, len(school.classes) - 1)]
    slots = frozenset(school.slots)
    for class_no in alike:
        for pupil in school.classes[class_no]:
            school.choices[pupil] = Choice(True, WEEKDAYS, slots, SIGNED_ON)
    planted.label("B03", school.school_id, school.school_id, "everybody chose the same", period=TERM_ID)


def hire_outsiders(school: School, _planted: Planted) -> None:
    """Most teachers are people from outside; which months that shows in, the days say (C06)."""
    few = len(school.teachers) // 6
    school.teachers = [*school.teachers[:few], *(replace(each, kind="retired") for each in school.teachers[few:])]


# Planted before the first day is made.
IN_REGISTERS: Mapping[str, Callable[[School, Planted], None]] = {
    "A05": file_four_slots,
    "B03": choose_alike,
    "C06": hire_outsiders,
}


def _silent_day(term: Term, planted: Planted) -> None:
    """A day of which nothing is in the ledger."""
    gap = _gap(term)
    if gap is not None:
        term.days.remove(gap)
        planted.touched.add((term.school.school_id, gap.day))
        term.label(planted, "A02", "a day without any record", service_date=gap.day.isoformat())


def _open_day(term: Term, planted: Planted) -> None:
    """A day that is never closed."""
    gap = _gap(term)
    if gap is not None:
        gap.closes = False
        term.touched.add(gap.day)
        term.label(planted, "A02", "a day that is never closed", service_date=gap.day.isoformat())


def _gap(term: Term) -> SchoolDay | None:
    """A day with days before and after it, with nothing else planted."""
    inner = {made.day for made in term.days[2:-2]}
    free = [made for made in term.untouched if made.day in inner & term.served]
    return term.rng.choice(free) if free else None


def _closed_day(term: Term, planted: Planted) -> None:
    """An impossible date: a session, with its roll, on the day that the typhoon closed the district."""
    before = [made for made in term.untouched if term.closed is not None and made.day < term.closed]
    if term.closed is None or not before:
        return
    original = next(session for session in before[-1].sessions if session["state"] == "held")
    moved = {"service_date": term.closed.isoformat(), "session_id": f"{term.closed:%Y%m%d}-h00"}
    lead = {"staff_id": term.school.administrators[2].staff_id, "role": "lead", "class_hours": 1.5}
    copied = SchoolDay(term.school, term.closed, closes=False)
    copied.sessions.append({**original, **moved, "staff": [lead]})
    sheet = before[-1].sheets[original["session_id"]]
    copied.sheets[moved["session_id"]] = {**sheet, **moved} | {
        status: [each for each in sheet[status] if term.school.choices[each].takes_part(copied.day, "s1")]
        for status in STATUSES
    }
    copied.sessions[0]["headcount"] = came(copied.sheets[moved["session_id"]])
    term.days.append(copied)
    term.days.sort(key=lambda made: made.day)
    term.label(planted, "A01", "a session on the day of the typhoon", service_date=term.closed.isoformat())


def _grow(term: Term, planted: Planted) -> None:
    """One pupil more than the roll in one class, day after day."""
    for made in term.untouched[:GROWING_DAYS]:
        session = next((each for each in made.sessions if each["session_id"].endswith(f"-{GROWING_CLASS}")), None)
        if session is None:
            continue
        session["headcount"] += GROWS_BY
        planted.label(
            "A09",
            session["school_id"],
            session["session_id"],
            "one pupil more than the roll, every day",
            service_date=session["service_date"],
        )
        term.touched.add(made.day)


def _no_activity(term: Term, planted: Planted) -> None:
    """A pupil who comes all week and is on no roll of an activity."""
    weeks: dict[str, list[SchoolDay]] = {}
    for made in term.days:
        weeks.setdefault(monday_of(made.day), []).append(made)
    usual = [
        (monday, week)
        for monday, week in weeks.items()
        if not any(made.day in term.touched or _second_slot_is_cancelled(made) for made in week)
    ] or list(weeks.items())
    for monday, week in usual:
        homework = [
            made.sheets[each["session_id"]] for made in week for each in made.sessions if _is_homework(made, each)
        ]
        came_days = Counter(pupil for sheet in homework for pupil in set(sheet["present"]))
        regular = [pupil for pupil, days in came_days.items() if days >= 2 and "s2" in term.school.choices[pupil].slots]
        reading = any(
            session["slot"] == "s1" and session["category"] != "homework" for made in week for session in made.sessions
        )
        if regular and not reading:
            for made in week:
                _leave_out(made, regular[0])
            term.touched |= {made.day for made in week}
            term.label(planted, "B05", "a pupil without any activity in a week", service_date=monday)
            return


def _second_slot_is_cancelled(made: SchoolDay) -> bool:
    return any(session["slot"] == "s2" and session["state"] == "cancelled" for session in made.sessions)


def _is_homework(made: SchoolDay, session: Record) -> bool:
    return session["category"] == "homework" and session["session_id"] in made.sheets


def _leave_out(made: SchoolDay, pupil: str) -> None:
    for session in made.sessions:
        sheet = made.sheets.get(session["session_id"])
        if sheet is None or session["category"] == "homework":
            continue
        before = came(sheet)
        for status in STATUSES:
            sheet[status] = [each for each in sheet[status] if each != pupil]
        session["headcount"] -= before - came(sheet)


def _count_outsiders(term: Term, planted: Planted) -> None:
    """C06: the months in which the days of people from outside show."""
    for month, days in Counter(f"{made.day:%Y-%m}" for made in term.days).items():
        if days >= LEAST_DAYS_A_MONTH:
            term.label(planted, "C06", "most class hours are those of outsiders", period=month)


def _no_survey(term: Term, planted: Planted) -> None:
    term.surveys.clear()
    term.label(planted, "B02", "no survey of wishes", period=TERM_ID)


def _no_evaluation(term: Term, planted: Planted) -> None:
    term.evaluations.clear()
    planted.label("B07", term.school.school_id, TERM_ID, "no evaluation of a term that was paid", period=TERM_ID)


def _not_improved(term: Term, planted: Planted) -> None:
    (evaluation,) = term.evaluations
    due_on = term.days[len(term.days) // 2].day.isoformat()
    evaluation["actions"] = [{"action": "补足作业辅导教师", "due_on": due_on}]
    planted.label(
        "B07", term.school.school_id, evaluation["evaluation_id"], "an improvement that was not made", period=TERM_ID
    )


def _bill(term: Term, planted: Planted, provider_id: str, line: Callable[[Record], Record], note: str) -> None:
    """One more line on the provider's first invoice."""
    key = min((each for each in term.invoices if each[0] == provider_id), default=None)
    if key is None:
        return
    invoice = term.invoices.pop(key)
    term.invoices[key] = {**invoice, "lines": [*invoice["lines"], line(invoice["lines"][0])]}
    planted.label("C07", term.school.school_id, provider_id, note, period=key[1])


def _bill_not_held(term: Term, planted: Planted) -> None:
    first = term.days[0].sessions[0]["session_id"]
    _bill(
        term, planted, "prv-01", lambda line: {**line, "session_id": first}, "a session of the school's own is billed"
    )


def _bill_twice(term: Term, planted: Planted) -> None:
    _bill(term, planted, _own_provider(term), dict, "one session is billed twice")


def _bill_more_pupils(term: Term, planted: Planted) -> None:
    def line_of(line: Record) -> Record:
        return {**line, "session_id": line["session_id"], "pupils": line["pupils"] + 9}

    key = min((each for each in term.invoices if each[0] == _own_provider(term)), default=None)
    if key is not None:
        first, *rest = term.invoices[key]["lines"]
        term.invoices[key] = {**term.invoices[key], "lines": [line_of(first), *rest]}
        planted.label("C07", term.school.school_id, key[0], "nine pupils more are billed", period=key[1])


def _bill_after_leaving(term: Term, planted: Planted) -> None:
    """Somebody who left in the summer is billed in the term."""
    left = next(person for person in term.school.outside if person.staff_id.endswith(".X009"))

    def line_of(line: Record) -> Record:
        return {
            "billed_on": line["billed_on"],
            "staff_id": left.staff_id,
            "sessions": 1,
            "amount_fen": line["amount_fen"],
        }

    _bill(term, planted, "prv-01", line_of, "billed after they had left")


def _own_provider(term: Term) -> str:
    return str(term.school.outside[1].provider_id)


# Planted when the days are made, before anything is worked out from them.
ACROSS_DAYS: Mapping[str, OfTerm] = {
    "A01-closed": _closed_day,
    "A02-silent": _silent_day,
    "A02-open": _open_day,
    "A09-daily": _grow,
    "B05": _no_activity,
    "C06": _count_outsiders,
}
IN_OTHER_PAPERS: Mapping[str, OfTerm] = {
    "B02": _no_survey,
    "B07-missing": _no_evaluation,
    "B07-overdue": _not_improved,
    "C07-not-held": _bill_not_held,
    "C07-twice": _bill_twice,
    "C07-pupils": _bill_more_pupils,
    "C07-after": _bill_after_leaving,
}
