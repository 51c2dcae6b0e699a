"""The planted patterns: what only shows over weeks, each with the indicator that names it.

Labelled rules: A11 F13 F14 in the rolls of one class; F10 F05 F15 in a school's days; F04 F06 F07 F11 F12 in one person's;
F01 F02 F08 in a school's figures. Nothing of them is wrong in itself: every rule about single records is silent about them.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import groupby
from random import Random

from services.cli.simulator.days import Absences, Record, SchoolDay, came
from services.cli.simulator.frauds import MOST_CLASS_HOURS, Planted
from services.cli.simulator.people import TERM_ID, Person
from services.cli.simulator.term_frauds import STATUSES, Term

# The class whose rolls a pattern makes up, and the one that is led by name only.
CLASS, NAMED_CLASS = 2, 3
LEAST_CLASSES = 5
# A month of fewer days shows no pattern.
LEAST_DAYS = 16
# A creep needs most of a term, a jump a second month, an outlier peers.
DAYS_FOR_CREEP, DAYS_FOR_JUMP, SCHOOLS_FOR_PEERS = 80, 34, 120

Days = Sequence[SchoolDay]
Plant = Callable[[Days, Absences, Random, Planted], None]


def plant_patterns(patterns: Sequence[str], term: Term, planted: Planted) -> None:
    """Plant them in one school's days of service, before anything is worked out from these."""
    made = [one for one in term.days if one.day in term.served]
    absences = _with_planted_leaves(term.absences, planted.leaves)
    months = [list(days) for _month, days in groupby(made, key=lambda one: (one.day.year, one.day.month))]
    for pattern in patterns:
        if pattern in _OF_A_TERM:
            _OF_A_TERM[pattern](made, absences, term.rng, planted)
            continue
        days = [one for one in months[0] if one.day not in term.touched] if pattern in _OF_WHOLE_DAYS else months[0]
        if len(months[0]) >= LEAST_DAYS:
            _OF_A_MONTH[pattern](days, absences, term.rng, planted)


def _with_planted_leaves(absences: Absences, leaves: Sequence[Record]) -> Absences:
    """Whoever is on leave for a fraud of a single day, too, gets nothing to do on it."""
    away = {day: set(people) for day, people in absences.on_leave.items()}
    for leave in leaves:
        if leave["starts_on"] == leave["ends_on"] and "hours" not in leave:
            away.setdefault(date.fromisoformat(leave["starts_on"]), set()).add(leave["staff_id"])
    return Absences({day: frozenset(people) for day, people in away.items()})


def set_apart(made: SchoolDay) -> None:
    """Frauds of single days leave alone what a pattern may need: two classes, and the last session of each slot."""
    needed = {_session(made, f"h{number:02d}")["session_id"] for number in (CLASS, NAMED_CLASS)}
    made.apart = frozenset(needed | {_last_of(made, slot)["session_id"] for slot in _slots(made)})


def _session(made: SchoolDay, name: str) -> Record:
    """The day's session of that name: h02 is the third class's homework, q03 the fourth activity."""
    return next(session for session in made.sessions if session["session_id"].endswith(f"-{name}"))


def _class_session(made: SchoolDay) -> Record:
    return _session(made, f"h{CLASS:02d}")


def _group(made: SchoolDay) -> str:
    """How the indicators name the class's sessions."""
    session = _class_session(made)
    return f"s1/{session['grade']}/{session['class_no']}"


def _month(days: Days) -> str:
    return f"{days[0].day:%Y-%m}"


def _school(days: Days) -> str:
    return days[0].school.school_id


def _call(made: SchoolDay, missing: set[str]) -> None:
    """Write the class's roll anew: these are missing, everybody else was there."""
    session = _class_session(made)
    sheet = made.sheets[session["session_id"]]
    pupils = [pupil for status in STATUSES for pupil in sheet[status]]
    sheet |= {
        "present": [pupil for pupil in pupils if pupil not in missing],
        "late": [],
        "left_early": [],
        "absent": [pupil for pupil in pupils if pupil in missing],
        "excused": [],
    }
    session["headcount"] = came(sheet)


def _perfect(days: Days, _absences: Absences, _rng: Random, planted: Planted) -> None:
    for one in days:
        _call(one, set())
    planted.label("F13", _school(days), _group(days[0]), "a class in which nobody is ever missing", period=_month(days))


def _inflated(days: Days, _absences: Absences, rng: Random, planted: Planted) -> None:
    """A little every day: two of three who are missing are called all the same."""
    for one in days:
        sheet = one.sheets[_class_session(one)["session_id"]]
        _call(one, {pupil for status in ("absent", "excused") for pupil in sheet[status] if rng.random() < 1 / 3})
    planted.label("F13", _school(days), _group(days[0]), "two of three who are missing are called", period=_month(days))


def _static(days: Days, _absences: Absences, rng: Random, planted: Planted) -> None:
    # Of those who have chosen every weekday: who is not on a roll cannot be missing from it.
    rolls = [one.sheets[_class_session(one)["session_id"]] for one in days]
    on_roll = [{pupil for status in STATUSES for pupil in roll[status]} for roll in rolls]
    missing = set(rng.sample(sorted(set.intersection(*on_roll)), 2))
    for one in days:
        _call(one, missing)
    planted.label("A11", _school(days), _group(days[0]), "the same two missing every day", period=_month(days))


def _twins(days: Days, _absences: Absences, rng: Random, planted: Planted) -> None:
    """Each weekday's roll of the first weeks serves for those of the later weeks."""
    first: dict[int, set[str]] = {}
    for one in days:
        sheet = one.sheets[_class_session(one)["session_id"]]
        missing = {pupil for status in ("absent", "excused") for pupil in sheet[status]}
        weekday = one.day.isoweekday()
        if weekday not in first:
            first[weekday] = missing if len(missing) > 1 else {*missing, *rng.sample(sheet["present"], 2)}
        _call(one, first[weekday])
    planted.label("F14", _school(days), _group(days[0]), "each weekday's roll copied for weeks", period=_month(days))


def _copied_day(days: Days, absences: Absences, _rng: Random, planted: Planted) -> None:
    """One day's sessions and rolls once more on the same weekday a week or two later."""
    whole = [one for one in days if all(session["state"] == "held" for session in one.sessions)]
    for original, copy in ((a, b) for a in whole for b in whole if a.day < b.day):
        if (original.day.isoweekday(), absences.away(original.day)) != (copy.day.isoweekday(), absences.away(copy.day)):
            continue
        for session in copy.sessions:
            name = session["session_id"].partition("-")[2]
            like = _session(original, name)
            sheet = original.sheets[like["session_id"]]
            session |= {"headcount": like["headcount"], "staff": [dict(member) for member in like["staff"]]}
            session |= {"planned_headcount": like["planned_headcount"]}
            own = {"session_id": session["session_id"], "service_date": session["service_date"]}
            copy.sheets[session["session_id"]] = {**sheet, **own}
        _stand_in_for_leavers(copy)
        school_id = _school(days)
        planted.label("F10", school_id, school_id, "a day copied to another", service_date=copy.day.isoformat())
        return


def _stand_in_for_leavers(made: SchoolDay) -> None:
    """Whoever had gone by the day is not named on it."""
    gone = [person.staff_id for person in made.school.staff if not person.serves_on(made.day)]
    stand_ins = {staff_id: made.school.idle[6 + number].staff_id for number, staff_id in enumerate(gone)}
    for session in made.sessions:
        for member in session["staff"]:
            member["staff_id"] = stand_ins.get(member["staff_id"], member["staff_id"])


def _month_end(days: Days, absences: Absences, _rng: Random, planted: Planted) -> None:
    for one in days[-3:]:
        for person in one.school.teachers:
            _coordinate(one, person, 2.0, absences, "end")
    school_id = _school(days)
    planted.label("F05", school_id, school_id, "coordination heaped on the last three days", period=_month(days))


def _favourable(days: Days, _absences: Absences, _rng: Random, planted: Planted) -> None:
    for one in days:
        one.raised.add(_last_of(one, max(_slots(one)))["session_id"])
    school_id = _school(days)
    planted.label("F15", school_id, school_id, "hours raised after closing, day by day", period=_month(days))


def _coordinate(made: SchoolDay, person: Person, class_hours: float, absences: Absences, name: str) -> None:
    """A duty that nobody sees, as far as the day still holds it."""
    staff_id = person.staff_id
    works = person.serves_on(made.day) and staff_id not in absences.away(made.day)
    more = min(class_hours, MOST_CLASS_HOURS - made.hours_of(staff_id)) if works else 0
    if more > 0:
        made.duties.append(
            {
                "school_id": made.school.school_id,
                "duty_id": f"{made.day:%m%d}-{name}-{staff_id[-4:]}",
                "service_date": made.day.isoformat(),
                "staff_id": staff_id,
                "kind": "coordination",
                "class_hours": round(more, 2),
            },
        )


def _slots(made: SchoolDay) -> list[str]:
    """The slots with a session that was held."""
    return sorted({session["slot"] for session in made.sessions if session["state"] == "held"})


def _last_of(made: SchoolDay, slot: str) -> Record:
    return [session for session in made.sessions if session["slot"] == slot and session["state"] == "held"][-1]


def _at_the_cap(days: Days, _absences: Absences, _rng: Random, planted: Planted) -> None:
    """One person leads in every slot of every day."""
    staff_id = days[0].school.idle[3].staff_id
    for one in days:
        for slot in _slots(one):
            session = _last_of(one, slot)
            session["staff"][0] = {**session["staff"][0], "staff_id": staff_id}
            session["staff"][0].pop("replaces", None)
            one.sheets[session["session_id"]]["taken_by"] = staff_id
    planted.label("F04", _school(days), staff_id, "in every slot of every day", period=_month(days))


def _rounded_up(days: Days, _absences: Absences, _rng: Random, planted: Planted) -> None:
    """A patrol of an hour, an hour and a half of class hours, is two every day."""
    staff_id = days[0].school.idle[5].staff_id
    for one in days:
        one.duties.append(
            {
                "school_id": one.school.school_id,
                "duty_id": f"{one.day:%m%d}-round",
                "service_date": one.day.isoformat(),
                "staff_id": staff_id,
                "kind": "patrol",
                "slot": "s2",
                "class_hours": 2,
            },
        )
    planted.label("F06", _school(days), staff_id, "every hour and a half is two", period=_month(days))


def _named_for_another(days: Days, _absences: Absences, _rng: Random, planted: Planted) -> None:
    """One person is named, another takes the roll."""
    staff_id = days[0].school.idle[4].staff_id
    for one in days:
        session = _session(one, f"h{NAMED_CLASS:02d}")
        one.sheets[session["session_id"]]["taken_by"] = session["staff"][0]["staff_id"]
        session["staff"] = [{"staff_id": staff_id, "role": "lead", "class_hours": 1.5}]
        one.unseen.add(staff_id)
    planted.label("F07", _school(days), staff_id, "leads by name and never takes a roll", period=_month(days))


def _supports_in_name(days: Days, _absences: Absences, _rng: Random, planted: Planted) -> None:
    staff_id = days[0].school.idle[2].staff_id
    for one in days:
        for slot in _slots(one):
            session = _last_of(one, slot)
            hours = session["staff"][0]["class_hours"]
            session["staff"].append({"staff_id": staff_id, "role": "support", "class_hours": hours})
        one.unseen.add(staff_id)
    planted.label("F12", _school(days), staff_id, "supports in every slot, seen nowhere", period=_month(days))


def _creep(days: Days, absences: Absences, _rng: Random, planted: Planted) -> None:
    """A little more coordination each week, from the fifth week on, for the teacher whose days have most room for it."""
    permanent = [
        person for person in days[0].school.teachers if person.active_from is None and person.active_to is None
    ]
    person = min(permanent, key=lambda each: (sum(one.hours_of(each.staff_id) for one in days), each.staff_id))
    for one in days:
        weeks = (one.day - days[0].day).days // 7
        if weeks > 3:
            _coordinate(one, person, min(2.0, 0.15 * (weeks - 3)), absences, "creep")
    planted.label("F11", _school(days), person.staff_id, "a little more every week", period=TERM_ID)


def _pad(days: Days, absences: Absences, planted: Planted) -> None:
    """Whoever is free supports somebody in every slot, but on days with a fraud of their own."""
    for one in days:
        if (one.school.school_id, one.day) in planted.touched:
            continue
        for slot in _slots(one):
            sessions = [each for each in one.sessions if each["slot"] == slot and each["state"] == "held"]
            busy = {member["staff_id"] for session in sessions for member in session["staff"]}
            free = [
                person.staff_id
                for person in one.school.teachers
                if person.serves_on(one.day) and person.staff_id not in busy | absences.away(one.day)
            ]
            for session, staff_id in zip(sessions, free, strict=False):
                hours = session["staff"][0]["class_hours"]
                session["staff"].append({"staff_id": staff_id, "role": "support", "class_hours": hours})


def _outlier(days: Days, absences: Absences, _rng: Random, planted: Planted) -> None:
    _pad(days, absences, planted)
    school_id = _school(days)
    for _key, month in groupby(days, key=lambda one: (one.day.year, one.day.month)):
        served = list(month)
        if len(served) >= LEAST_DAYS:
            planted.label("F01", school_id, school_id, "two people in every session", period=_month(served))


def _dear(days: Days, _absences: Absences, _rng: Random, planted: Planted) -> None:
    """A plan that pays twice what the other schools' plans pay."""
    (plan,) = days[0].school.plans
    plan["rate_fen_per_class_hour"] = {what: 2 * rate for what, rate in plan["rate_fen_per_class_hour"].items()}
    planted.label("F08", _school(days), _school(days), "twice the rate of the others", period=TERM_ID)


def _jump(days: Days, absences: Absences, _rng: Random, planted: Planted) -> None:
    first = (days[0].day.year, days[0].day.month)
    later = [one for one in days if (one.day.year, one.day.month) != first]
    _pad(later, absences, planted)
    school_id = _school(days)
    planted.label("F02", school_id, school_id, "two people in every session from a month on", period=_month(later))


_OF_A_MONTH: Mapping[str, Plant] = {
    "F13": _perfect,
    "A11": _static,
    "F14": _twins,
    "F13-inflated": _inflated,
    "F10": _copied_day,
    "F05": _month_end,
    "F15": _favourable,
    "F04": _at_the_cap,
    "F06": _rounded_up,
    "F07": _named_for_another,
    "F12": _supports_in_name,
}
_OF_A_TERM: Mapping[str, Plant] = {"F11": _creep, "F01": _outlier, "F02": _jump, "F08": _dear}
_OF_WHOLE_DAYS = frozenset({"F10"})
# At most one of each row at a school: they would hide each other.
_ROLLS = ("F13", "A11", "F14", "F13-inflated")
_PEOPLE = ("F12", "F07", "F04", "F06")
_FIGURES = ("F10", "F15", "F05")


def patterns_of(index: int, schools: int, days: int) -> tuple[str, ...]:
    """What the crooked school number `index` has planted, of a district of `schools` over `days` service days."""
    if days < LEAST_DAYS:
        return ()
    found = [row[index % len(row)] for row in (_ROLLS, _PEOPLE, _FIGURES)]
    if days >= DAYS_FOR_CREEP and index % 2 == 0:
        found.append("F11")
    if schools >= SCHOOLS_FOR_PEERS and index % 4 == 1:
        found.append("F01")
    elif schools >= SCHOOLS_FOR_PEERS and index % 4 == 2:
        found.append("F08")
    elif days >= DAYS_FOR_JUMP and index % 4 == 3:
        found.append("F02")
    return tuple(found)
