"""The planted frauds, each at a known place, each with the finding that names it.

Labelled rules here: A01 A09 A10 A12 A13 A14 A15 A16 A18 A20 C02 C05, and F03 over a month; more in day_frauds, term_frauds,
documents and paper_frauds. One cause that shows under two rules has both labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from services.cli.simulator.days import Absences, Record, SchoolDay, came

InDay = Callable[[SchoolDay, Random, "Planted"], None]
# What a day holds at most (rule A18); no other fraud goes over it by accident.
MOST_CLASS_HOURS = 5.0


@dataclass
class Planted:
    """The labels, and the registers that a fraud needs."""

    labels: list[Record] = field(default_factory=list)
    leaves: list[Record] = field(default_factory=list)
    providers: list[Record] = field(default_factory=list)
    # When days were entered, where that is not their own evening (A03, A04).
    late_entries: list[Record] = field(default_factory=list)
    # School and day of what is planted in single days: what spans two schools keeps off them.
    touched: set[tuple[str, date]] = field(default_factory=set)

    def label(self, rule: str, school_id: str, subject: str, note: str, **when: str) -> None:
        """One expected finding: `service_date` or `period` says when."""
        self.labels.append(
            {"label": "fraud", "rule": rule, "school_id": school_id, "subject": subject, **when, "note": note},
        )

    def honest(self, kind: str, school_id: str, subject: str, service_date: str) -> None:
        """One thing that looks odd and is right: no finding may name it."""
        self.labels.append(
            {"label": "honest", "kind": kind, "school_id": school_id, "subject": subject, "service_date": service_date},
        )


def held_in(made: SchoolDay, slot: str) -> list[Record]:
    """The sessions of a slot that were held, but for those that are set apart for patterns of weeks."""
    return [
        session
        for session in made.sessions
        if session["slot"] == slot and session["state"] == "held" and session["session_id"] not in made.apart
    ]


def on_day(made: SchoolDay) -> str:
    """The day as records and labels write it."""
    return made.day.isoformat()


def _headcount(made: SchoolDay, rng: Random, planted: Planted) -> None:
    session = rng.choice(held_in(made, "s1"))
    session["headcount"] += 3
    planted.label(
        "A09", session["school_id"], session["session_id"], "three pupils more than the roll", service_date=on_day(made)
    )


def _pupil_twice(made: SchoolDay, rng: Random, planted: Planted) -> None:
    one, other = rng.sample(held_in(made, "s1"), 2)
    pupil = made.sheets[one["session_id"]]["present"][0]
    made.sheets[other["session_id"]]["present"].append(pupil)
    other["headcount"] = came(made.sheets[other["session_id"]])
    first = min(one["session_id"], other["session_id"])
    planted.label("A10", one["school_id"], first, "one pupil in two rolls of a slot", service_date=on_day(made))


def _cancelled_claim(made: SchoolDay, rng: Random, planted: Planted) -> None:
    session = rng.choice(held_in(made, "s1"))
    session |= {"state": "cancelled", "reason": "取消", "headcount": 0}
    del made.sheets[session["session_id"]]
    planted.label(
        "A12", session["school_id"], session["session_id"], "hours of a cancelled session", service_date=on_day(made)
    )


def _empty_claim(made: SchoolDay, rng: Random, planted: Planted) -> None:
    session = rng.choice(held_in(made, "s1"))
    sheet = made.sheets[session["session_id"]]
    for status in ("present", "late", "left_early"):
        sheet["absent"] += sheet[status]
        sheet[status] = []
    session["headcount"] = 0
    planted.label(
        "A12", session["school_id"], session["session_id"], "hours of an empty session", service_date=on_day(made)
    )


def _long_hours(made: SchoolDay, rng: Random, planted: Planted) -> None:
    session = rng.choice(held_in(made, "s1"))
    session["staff"][0]["class_hours"] = 2.5
    planted.label(
        "A13", session["school_id"], session["session_id"], "2.5 class hours in 60 minutes", service_date=on_day(made)
    )


def _two_places(made: SchoolDay, rng: Random, planted: Planted) -> None:
    """Somebody who leads one activity supports a different one at the same time."""
    sessions = held_in(made, "s2")
    one = next(
        session
        for session in rng.sample(sessions, len(sessions))
        if made.hours_of(session["staff"][0]["staff_id"]) + 1.5 <= MOST_CLASS_HOURS
    )
    staff_id = one["staff"][0]["staff_id"]
    other = rng.choice([session for session in sessions if session["activity"] != one["activity"]])
    other["staff"].append({"staff_id": staff_id, "role": "support", "class_hours": 1.5})
    planted.label("A14", made.school.school_id, staff_id, "in two activities at once", service_date=on_day(made))


def _on_leave(made: SchoolDay, rng: Random, planted: Planted) -> None:
    staff_id = rng.choice(held_in(made, "s1"))["staff"][0]["staff_id"]
    planted.leaves.append({"staff_id": staff_id, "starts_on": on_day(made), "ends_on": on_day(made), "kind": "sick"})
    made.unseen.add(staff_id)
    planted.label("A15", made.school.school_id, staff_id, "works while on sick leave", service_date=on_day(made))


def _gone(made: SchoolDay, rng: Random, planted: Planted) -> None:
    """The leaver's name on a session after the last day, or the newcomer's before the first."""
    inactive = [person for person in made.school.teachers if not person.serves_on(made.day)]
    if not inactive:
        return
    session = rng.choice(held_in(made, "s1"))
    session["staff"][0] = {"staff_id": inactive[0].staff_id, "role": "lead", "class_hours": 1.5}
    made.unseen.add(inactive[0].staff_id)
    planted.label(
        "A16", made.school.school_id, inactive[0].staff_id, "not in service on the date", service_date=on_day(made)
    )


def _heavy_load(made: SchoolDay, rng: Random, planted: Planted) -> None:
    staff_id = rng.choice(made.school.administrators).staff_id
    made.duties.append(
        {
            "school_id": made.school.school_id,
            "duty_id": f"{made.day:%m%d}-coordination",
            "service_date": on_day(made),
            "staff_id": staff_id,
            "kind": "coordination",
            "class_hours": 6,
        },
    )
    planted.label(
        "A18", made.school.school_id, staff_id, "six hours of coordination in a day", service_date=on_day(made)
    )


def _after_closing(made: SchoolDay, rng: Random, planted: Planted) -> None:
    made.late.add(rng.choice(held_in(made, "s1"))["session_id"])
    school_id = made.school.school_id
    planted.label("A20", school_id, school_id, "a session entered after the closing", service_date=on_day(made))


def _alone_with_provider(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    session = held_in(made, "s2")[0]
    session["staff"] = session["staff"][:1]
    planted.label(
        "C02", session["school_id"], session["session_id"], "provider without assistant", service_date=on_day(made)
    )


def _removed_provider(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    session = held_in(made, "s2")[1]
    provider_id = made.school.outside[1].provider_id
    planted.providers.append(
        {
            "provider_id": provider_id,
            "name": "模拟机构",
            "listed": False,
            "status": "removed",
            "status_from": on_day(made),
            "reason": "不按约定提供服务",
        },
    )
    planted.label(
        "C05", session["school_id"], session["session_id"], "removed provider at work", service_date=on_day(made)
    )


OF_A_DAY: Mapping[str, InDay] = {
    "A09": _headcount,
    "A10": _pupil_twice,
    "A12": _cancelled_claim,
    "A12-empty": _empty_claim,
    "A13": _long_hours,
    "A14": _two_places,
    "A15": _on_leave,
    "A16": _gone,
    "A18": _heavy_load,
    "A20": _after_closing,
    "C02": _alone_with_provider,
    "C05": _removed_provider,
}


def plant_day_without_service(made: SchoolDay, absences: Absences, planted: Planted) -> SchoolDay:
    """A01: one session, with its roll, copied to the Sunday after the day."""
    sunday: date = made.day + timedelta(days=7 - made.day.isoweekday())
    inactive = {person.staff_id for person in made.school.teachers if not person.serves_on(sunday)}
    away = absences.away(sunday) | inactive
    original = next(
        session for session in held_in(made, "s1") if not any(member["staff_id"] in away for member in session["staff"])
    )
    moved = {"service_date": sunday.isoformat(), "session_id": f"{sunday:%Y%m%d}-h00"}
    copied = SchoolDay(made.school, sunday)
    copied.sessions.append({**original, **moved})
    copied.sheets[moved["session_id"]] = {**made.sheets[original["session_id"]], **moved}
    school_id = made.school.school_id
    planted.label("A01", school_id, school_id, "a session on a Sunday", service_date=sunday.isoformat())
    return copied


def plant_across_schools(made: SchoolDay, guest: str, planted: Planted) -> None:
    """A14 across schools: the shared teacher, who is at the own school in this slot, is named here too."""
    held_in(made, "s1")[0]["staff"].append({"staff_id": guest, "role": "support", "class_hours": 1.5})
    school_id = min(made.school.school_id, guest.split(".", maxsplit=1)[0])
    planted.label("A14", school_id, guest, "in two schools at once", service_date=on_day(made))


def plant_equal_hours(days: Sequence[SchoolDay], absences: Absences, planted: Planted) -> None:
    """F03: coordination is invented until most people of the month have the same hours."""
    school = days[0].school
    people = [*school.teachers, *school.administrators]
    totals = {person.staff_id: sum(made.hours_of(person.staff_id) for made in days) for person in people}
    target = max(totals.values())
    on_leave = {(leave["staff_id"], leave["starts_on"]) for leave in planted.leaves}
    for person in people:
        staff_id = person.staff_id
        lacking = target - totals[staff_id]
        for made in days:
            works = person.serves_on(made.day) and staff_id not in absences.away(made.day)
            works &= (staff_id, on_day(made)) not in on_leave
            more = min(lacking, MOST_CLASS_HOURS - made.hours_of(staff_id)) if works else 0
            if more > 0:
                made.duties.append(
                    {
                        "school_id": school.school_id,
                        "duty_id": f"{made.day:%m%d}-top-{staff_id[-4:]}",
                        "service_date": on_day(made),
                        "staff_id": staff_id,
                        "kind": "coordination",
                        "class_hours": more,
                    },
                )
                lacking -= more
    month = f"{days[0].day:%Y-%m}"
    planted.label("F03", school.school_id, school.school_id, "everybody has the same hours", period=month)
