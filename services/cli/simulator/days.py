"""One simulated school-day as it honestly was: sessions, rolls, duties, substitutes."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from random import Random
from typing import Any

from services.cli.simulator.people import ACTIVITIES, PLAYGROUND, PUPILS_AN_ACTIVITY, Person, School

Record = dict[str, Any]
CLASS_HOURS = {"s1": 1.5, "s2": 1.5, "s3": 0.75}
AIDE_COMES = 0.9
# Beside a lead somebody else takes the roll so often; outside people never do.
ASSISTANT_TAKES_ROLL = 0.3
# A pupil who is at school misses one slot alone so often.
MISSES_ONE_SLOT = 0.008


@dataclass
class SchoolDay:
    """What a school records of one day, before anybody changes it."""

    school: School
    day: date
    sessions: list[Record] = field(default_factory=list)
    sheets: dict[str, Record] = field(default_factory=dict)
    duties: list[Record] = field(default_factory=list)
    # Sessions that the school enters only after it has closed the day.
    late: set[str] = field(default_factory=set)
    # Who is on leave all day; whose name is on a record while they were not there, and no device of the school saw them.
    away: frozenset[str] = frozenset()
    unseen: set[str] = field(default_factory=set)
    # Whether the school closes the day, and by how many pupils more than its records have.
    closes: bool = True
    overstated: int = 0
    # Records of patrols and of inspections that somebody made up or held against the ledger.
    patrols: list[Record] = field(default_factory=list)
    inspections: list[Record] = field(default_factory=list)
    # Sessions whose class hours the school raises after it has closed the day, with a reason.
    raised: set[str] = field(default_factory=set)
    # The sessions that patterns of weeks make up: frauds of single days leave them alone.
    apart: frozenset[str] = frozenset()

    def hours_of(self, staff_id: str) -> float:
        """The class hours that one person claims on the day, held sessions and duties."""
        taught: float = sum(
            member["class_hours"]
            for session in self.sessions
            if session["state"] == "held"
            for member in session["staff"]
            if member["staff_id"] == staff_id
        )
        on_duty: float = sum(duty["class_hours"] for duty in self.duties if duty["staff_id"] == staff_id)
        return taught + on_duty


@dataclass(frozen=True)
class Absences:
    """Who of a school is away, when: real leave, with substitutes."""

    on_leave: dict[date, frozenset[str]]

    def away(self, day: date) -> frozenset[str]:
        """The people on leave on a day."""
        return self.on_leave.get(day, frozenset())


def make_day(
    school: School,
    day: date,
    rng: Random,
    absences: Absences,
    missing: Collection[str],
    *,
    cancels_second_slot: bool,
    rotated: int = 0,
) -> SchoolDay:
    """An honest day: each person in one place at a time, each pupil in one session a slot, headcount = roll.

    `missing`: the pupils who do not come at all. `rotated`: by how many classes the homework teachers have moved on.
    """
    away = absences.away(day)
    made = SchoolDay(school, day, away=away)
    pool = [person for person in school.teachers if person.serves_on(day)]
    _homework(made, rng, pool, away, missing, rotated)
    _activities(made, rng, pool, away, missing, cancelled=cancels_second_slot)
    if school.has_late_slot:
        _late_care(made, rng, pool, away, missing)
    on_duty = school.administrators[day.toordinal() % len(school.administrators)]
    made.duties.append(
        {
            "school_id": school.school_id,
            "duty_id": f"{day:%m%d}-duty",
            "service_date": day.isoformat(),
            "staff_id": on_duty.staff_id,
            "kind": "duty",
            "slot": "s1",
            "class_hours": 1,
        },
    )
    return made


def _homework(
    made: SchoolDay, rng: Random, pool: list[Person], away: frozenset[str], missing: Collection[str], rotated: int
) -> None:
    free = [person for person in pool if person.staff_id not in away]
    rng.shuffle(free)
    for number, (class_no, pupils) in enumerate(made.school.classes.items()):
        usual = made.school.teachers[(number + rotated) % len(made.school.teachers)]
        staff: Record = {"role": "lead", "class_hours": CLASS_HOURS["s1"]}
        if usual.staff_id in away and usual.serves_on(made.day):
            staff |= {"staff_id": free.pop().staff_id, "replaces": usual.staff_id}
        elif usual in free and rng.random() < 0.7:
            free.remove(usual)
            staff |= {"staff_id": usual.staff_id}
        else:
            staff |= {"staff_id": free.pop().staff_id}
        session = _session(made, "s1", f"h{number:02d}", "作业辅导", "homework", [staff], room=f"room-{class_no}")
        session |= {"grade": made.school.grades[class_no], "class_no": class_no}
        _add(made, rng, session, pupils, missing)
    shared = made.school.shared
    if shared is not None and made.day.isoweekday() in {1, 3, 5}:
        made.sessions[0]["staff"].append({"staff_id": shared.staff_id, "role": "assistant", "class_hours": 1.5})
    for aide in made.school.aides:
        # Beside a child who needs it; takes no roll.
        if rng.random() < AIDE_COMES:
            made.sessions[1]["staff"].append({"staff_id": aide.staff_id, "role": "support", "class_hours": 1.5})


def _activities(
    made: SchoolDay, rng: Random, pool: list[Person], away: frozenset[str], missing: Collection[str], *, cancelled: bool
) -> None:
    """Pupils by activity of the weekday across classes; one is led by an outside person with an own assistant."""
    everyone = [pupil for pupils in made.school.classes.values() for pupil in pupils]
    Random(f"{made.school.school_id}/{made.day.isoweekday()}").shuffle(everyone)
    groups = _evenly(everyone)
    free = [person for person in pool if person.staff_id not in away]
    rng.shuffle(free)
    outside = made.school.outside
    for number, pupils in enumerate(groups):
        activity, category = ACTIVITIES[(number + made.school.index) % len(ACTIVITIES)]
        if number < len(outside) and outside[number].serves_on(made.day):
            staff = [
                {"staff_id": outside[number].staff_id, "role": "lead", "class_hours": 1.5},
                {"staff_id": free.pop().staff_id, "role": "assistant", "class_hours": 1.5},
            ]
        else:
            staff = [{"staff_id": free.pop().staff_id, "role": "lead", "class_hours": 1.5}]
        session = _session(made, "s2", f"q{number:02d}", activity, category, staff, room=_room_of(number, category))
        if cancelled:
            session |= {"state": "cancelled", "reason": "全校防汛演练，第二时段取消", "headcount": 0, "staff": []}
            made.sessions.append(session)
            continue
        _add(made, rng, session, pupils, missing)


def _room_of(number: int, category: str) -> str:
    return PLAYGROUND if category == "sports" else f"studio-{number:02d}"


def _late_care(
    made: SchoolDay, rng: Random, pool: list[Person], away: frozenset[str], missing: Collection[str]
) -> None:
    free = [person for person in pool if person.staff_id not in away]
    rng.shuffle(free)
    staying = [pupil for pupils in made.school.classes.values() for pupil in pupils[::5]]
    for number, pupils in enumerate(_evenly(staying)):
        staff = [{"staff_id": free.pop().staff_id, "role": "lead", "class_hours": CLASS_HOURS["s3"]}]
        session = _session(made, "s3", f"l{number:02d}", "自主阅读", "reading", staff, room=f"library-{number}")
        _add(made, rng, session, pupils, missing)


def _evenly(pupils: list[str]) -> list[list[str]]:
    """Groups of about the same size, so that none is left with one pupil who may be ill."""
    count = ceil(len(pupils) / PUPILS_AN_ACTIVITY)
    return [pupils[number::count] for number in range(count)]


def _session(
    made: SchoolDay, slot: str, name: str, activity: str, category: str, staff: list[Record], *, room: str
) -> Record:
    return {
        "school_id": made.school.school_id,
        "session_id": f"{made.day:%Y%m%d}-{name}",
        "service_date": made.day.isoformat(),
        "slot": slot,
        "activity": activity,
        "category": category,
        "room": room,
        "headcount": 0,
        "staff": staff,
        "state": "held",
    }


def _add(made: SchoolDay, rng: Random, session: Record, pupils: list[str], missing: Collection[str]) -> None:
    """The session with its roll of those whose families chose it; who came is its headcount."""
    pupils = [each for each in pupils if made.school.choices[each].takes_part(made.day, session["slot"])]
    sheet: Record = {
        "school_id": session["school_id"],
        "session_id": session["session_id"],
        "service_date": session["service_date"],
        "present": [],
        "late": [],
        "left_early": [],
        "absent": [],
        "excused": [],
        "taken_by": _roll_taker(made.school, session["staff"], rng),
    }
    for pupil in pupils:
        if pupil in missing or rng.random() < MISSES_ONE_SLOT:
            sheet["excused" if rng.random() < 0.6 else "absent"].append(pupil)
        else:
            draw = rng.random()
            sheet["late" if draw < 0.01 else "left_early" if draw < 0.025 else "present"].append(pupil)
    session["headcount"] = came(sheet)
    session["planned_headcount"] = len(pupils)
    made.sessions.append(session)
    made.sheets[session["session_id"]] = sheet


def _roll_taker(school: School, staff: list[Record], rng: Random) -> str:
    """Mostly the one who leads; at some schools the office enters all rolls."""
    if school.office_takes_rolls:
        return school.administrators[0].staff_id
    outside = {person.staff_id for person in school.outside}
    able = [each["staff_id"] for each in staff if each["role"] != "support" and each["staff_id"] not in outside]
    taker: str = able[-1] if rng.random() < ASSISTANT_TAKES_ROLL else able[0]
    return taker


def came(sheet: Record) -> int:
    """How many pupils a roll shows as having come."""
    return len(sheet["present"]) + len(sheet["late"]) + len(sheet["left_early"])
