"""More frauds of single days: in what is taught and where, in who is named, in what others saw; one rule each.

Labelled rules: A06 A07 A08 A17 A19 A21 A22 A23 A24, B01 B04 B06, C01 C03 C04, D16;
A14 as patrol pay.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from random import Random

from services.cli.simulator.days import Record, SchoolDay, came
from services.cli.simulator.frauds import MOST_CLASS_HOURS, Planted, held_in, on_day
from services.cli.simulator.people import PLAYGROUND, SMALL_ROOM, SMALL_ROOM_HOLDS
from services.cli.simulator.witnesses import inspection_of, patrol_of

InDay = Callable[[SchoolDay, Random, Planted], None]
# How many pupils one adult gets, if there are so many, and how many rule B06 bears with.
A_CROWD, MOST_PUPILS = 60, 55


def monday_of(day: date) -> str:
    """How findings about a week are dated."""
    return (day - timedelta(days=day.isoweekday() - 1)).isoformat()


def _label(planted: Planted, rule: str, session: Record, note: str) -> None:
    planted.label(rule, session["school_id"], session["session_id"], note, service_date=session["service_date"])


def _label_school(planted: Planted, rule: str, made: SchoolDay, note: str) -> None:
    school_id = made.school.school_id
    planted.label(rule, school_id, school_id, note, service_date=on_day(made))


def _free(made: SchoolDay, slot: str) -> Iterator[str]:
    """Teachers who are at school, in no session of the slot, and have room for one more."""
    busy = {member["staff_id"] for session in made.sessions if session["slot"] == slot for member in session["staff"]}
    for person in made.school.teachers:
        staff_id = person.staff_id
        has_room = made.hours_of(staff_id) + 1.5 <= MOST_CLASS_HOURS
        if person.serves_on(made.day) and staff_id not in busy | made.away and has_room:
            yield staff_id


def _noon(made: SchoolDay, rng: Random, planted: Planted) -> None:
    session = rng.choice(held_in(made, "s1"))
    session |= {"starts_at": "12:10", "ends_at": "13:10"}
    _label(planted, "A06", session, "noon rest entered as the first slot")


def _no_homework(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    homework = [session for session in made.sessions if session["category"] == "homework"]
    for session in homework:
        session |= {"activity": "自主阅读", "category": "reading"}
    if homework:
        _label_school(planted, "A07", made, "no homework guidance on a whole day")


def _drill(made: SchoolDay, rng: Random, planted: Planted) -> None:
    rng.choice(held_in(made, "s1"))["activity"] = "期末刷题"
    month = f"{made.day:%Y-%m}"
    planted.label("A08", made.school.school_id, "刷题", "drilling for the examination", period=month)


def _never_signed_in(made: SchoolDay, rng: Random, _planted: Planted) -> None:
    """The label is written with the sign-ins."""
    session = rng.choice(held_in(made, "s1"))
    made.unseen.add(session["staff"][0]["staff_id"])


def _both_claim(made: SchoolDay, rng: Random, planted: Planted) -> None:
    """Who stood in claims, and whoever was replaced claims as well."""
    session = rng.choice(held_in(made, "s1"))
    substitute = next(_free(made, "s1"), None)
    if substitute is None or "replaces" in session["staff"][0]:
        return
    planned = session["staff"][0]["staff_id"]
    session["staff"].append(
        {"staff_id": substitute, "role": "lead", "class_hours": 1.5, "replaces": planned},
    )
    _label(planted, "A19", session, "the one replaced and the one who stood in both claim")


def _nobody_stood_in(made: SchoolDay, rng: Random, planted: Planted) -> None:
    """The lead is on leave, claims nothing, and nobody is named instead."""
    for session in rng.sample(sessions := held_in(made, "s1"), len(sessions)):
        lead = session["staff"][0]
        if len(session["staff"]) == 1 and made.hours_of(lead["staff_id"]) == lead["class_hours"]:
            lead["class_hours"] = 0
            lead.pop("replaces", None)
            planted.leaves.append(
                {"staff_id": lead["staff_id"], "starts_on": on_day(made), "ends_on": on_day(made), "kind": "personal"}
            )
            _label(planted, "A19", session, "the lead is on leave and nobody stands in")
            return


def _one_room_twice(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    sessions = [session for session in held_in(made, "s2") if session["room"] != PLAYGROUND]
    for one in sessions:
        for other in sessions:
            people = {member["staff_id"] for session in (one, other) for member in session["staff"]}
            apart = len(people) == len(one["staff"]) + len(other["staff"])
            if one["session_id"] < other["session_id"] and one["activity"] != other["activity"] and apart:
                other["room"] = one["room"]
                _label(planted, "A21", one, "two lessons in one room")
                return


def _crowded(made: SchoolDay, rng: Random, planted: Planted) -> None:
    full = [session for session in held_in(made, "s1") if session["headcount"] > SMALL_ROOM_HOLDS]
    if full:
        session = rng.choice(full)
        session["room"] = SMALL_ROOM
        _label(planted, "A21", session, "a whole class in a room for eight")


def _nobody_on_duty(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    made.duties = [duty for duty in made.duties if duty["kind"] != "duty"]
    _label_school(planted, "A22", made, "no administrator on duty")


def _patrol_pay(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    """Whoever is on duty in the slot is also paid for patrolling in it."""
    on_duty = next(duty for duty in made.duties if duty["kind"] == "duty")
    made.duties.append({**on_duty, "duty_id": f"{made.day:%m%d}-patrol", "kind": "patrol"})
    school_id, staff_id = made.school.school_id, on_duty["staff_id"]
    planted.label(
        "A14", school_id, staff_id, "duty and patrol paid for one and the same hour", service_date=on_day(made)
    )


def _fewer_seen(made: SchoolDay, rng: Random, planted: Planted) -> None:
    """Eight pupils more on the roll and in the headcount than the patrol saw."""
    session = rng.choice([each for each in held_in(made, "s1") if each["headcount"] > 12])
    sheet = made.sheets[session["session_id"]]
    absent = len(sheet["late"]) + len(sheet["left_early"])
    patrol = patrol_of(made, session, made.school.administrators[0].staff_id)
    made.patrols.append({**patrol, "observed_headcount": session["headcount"] - absent - 8})
    _label(planted, "A23", session, "a forged roll: a patrol saw eight pupils fewer")


def _lead_not_seen(made: SchoolDay, rng: Random, planted: Planted) -> None:
    """A name-only lead (挂名): somebody else was in the room."""
    session = rng.choice(held_in(made, "s1"))
    seen = next(_free(made, "s1"), made.school.administrators[1].staff_id)
    patrol = patrol_of(made, session, made.school.administrators[0].staff_id)
    made.patrols.append({**patrol, "observed_headcount": session["headcount"], "staff_present": [seen]})
    _label(planted, "A23", session, "the lead is one by name only: somebody else was there")


def _inspectors_see_less(made: SchoolDay, rng: Random, planted: Planted) -> None:
    session = rng.choice([each for each in held_in(made, "s1") if each["headcount"] > 14])
    seen = {"session_id": session["session_id"], "observed_headcount": session["headcount"] - 12}
    made.inspections.append(inspection_of(made, seen))
    _label(planted, "A24", session, "inspectors counted twelve pupils fewer")


def _inspectors_see_nobody(made: SchoolDay, rng: Random, planted: Planted) -> None:
    session = rng.choice(held_in(made, "s1"))
    seen = {"slot": "s1", "room": session["room"], "staff_present": []}
    made.inspections.append(inspection_of(made, seen))
    _label(planted, "A24", session, "inspectors found pupils without any of the people named")


def _enrol(made: SchoolDay, session: Record, pupil: str) -> None:
    sheet = made.sheets[session["session_id"]]
    sheet["present"].append(pupil)
    session["headcount"] = came(sheet)


def _without_consent(made: SchoolDay, rng: Random, planted: Planted) -> None:
    """A family that said no, and its child on the roll."""
    refused = [pupil for pupil, choice in made.school.choices.items() if not choice.opted_in]
    if refused:
        _enrol(made, rng.choice(held_in(made, "s1")), rng.choice(refused))
        school_id = made.school.school_id
        planted.label(
            "B01", school_id, school_id, "a child without consent on a roll", service_date=monday_of(made.day)
        )


def _not_chosen(made: SchoolDay, rng: Random, planted: Planted) -> None:
    """A family that wants homework guidance only, and its child on the roll of an activity."""
    sessions = held_in(made, "s2")
    only_homework = [
        pupil
        for pupil, choice in made.school.choices.items()
        if choice.opted_in and choice.slots == {"s1"} and choice.signed_on <= made.day
    ]
    if sessions and only_homework and made.day.isoweekday() <= 5:
        _enrol(made, rng.choice(sessions), rng.choice(only_homework))
        school_id = made.school.school_id
        planted.label("B04", school_id, school_id, "a child in a slot not chosen", service_date=monday_of(made.day))


def _one_adult(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    """Several classes in the playground with one person; the others' sessions were never held."""
    sessions = [session for session in held_in(made, "s1") if len(session["staff"]) == 1]
    if not sessions:
        return
    whole, rest = sessions[0], sessions[1:]
    sheet = made.sheets[whole["session_id"]]
    merged = []
    while rest and came(sheet) < A_CROWD:
        merged.append(rest.pop())
        for status in ("present", "late", "left_early", "absent", "excused"):
            sheet[status] += made.sheets[merged[-1]["session_id"]][status]
    for session in merged:
        made.sessions.remove(session)
        del made.sheets[session["session_id"]]
    whole |= {"headcount": came(sheet), "room": PLAYGROUND}
    whole["planned_headcount"] += sum(session["planned_headcount"] for session in merged)
    if whole["headcount"] > MOST_PUPILS:
        _label(planted, "B06", whole, "several classes and one adult")


def _expired(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    volunteer = made.school.outside[2].staff_id
    if any(member["staff_id"] == volunteer for session in held_in(made, "s2") for member in session["staff"]):
        planted.label(
            "C01", made.school.school_id, volunteer, "a health check that has run out", service_date=on_day(made)
        )


def _one_assistant_for_two(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    """The assistant of one outside person is named in another room at the same time."""
    outside = {person.staff_id for person in made.school.outside}

    def own_of(session: Record) -> list[str]:
        return [member["staff_id"] for member in session["staff"] if member["staff_id"] not in outside]

    sessions = held_in(made, "s2")
    pairs = [
        (one, other)
        for one in sessions
        for other in sessions
        if one is not other and len(own_of(one)) == 1 == len(one["staff"]) - 1 and len(own_of(other)) == 1
    ]
    for one, other in pairs:
        (assistant,) = own_of(one)
        if made.hours_of(assistant) + 1.5 > MOST_CLASS_HOURS or one["room"] == other["room"]:
            continue
        for member in other["staff"]:
            if member["staff_id"] not in outside:
                member["staff_id"] = assistant
        other |= {"activity": one["activity"], "category": one["category"]}
        for session in (one, other):
            if len(session["staff"]) == 2:
                _label(planted, "C03", session, "one assistant for two rooms")
        return


def _licence_over(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    person = made.school.outside[1]
    session = next(
        (each for each in held_in(made, "s2") if person.staff_id in {one["staff_id"] for one in each["staff"]}), None
    )
    if session is not None:
        ended = (made.day - timedelta(days=1)).isoformat()
        planted.providers.append(
            {"provider_id": person.provider_id, "name": "模拟机构", "listed": True, "licence_valid_to": ended}
        )
        _label(planted, "C04", session, "a provider whose licence has run out")


def _overstated(made: SchoolDay, _rng: Random, planted: Planted) -> None:
    made.overstated = 7
    _label_school(planted, "D16", made, "seven pupils more when the day is closed")


DAY_FRAUDS: Mapping[str, InDay] = {
    "A06": _noon,
    "A07": _no_homework,
    "A08": _drill,
    "A14-patrol": _patrol_pay,
    "A17": _never_signed_in,
    "A19-both": _both_claim,
    "A19-nobody": _nobody_stood_in,
    "A21-twice": _one_room_twice,
    "A21-crowded": _crowded,
    "A22": _nobody_on_duty,
    "A23-fewer": _fewer_seen,
    "A23-name-only": _lead_not_seen,
    "A24-fewer": _inspectors_see_less,
    "A24-nobody": _inspectors_see_nobody,
    "B01": _without_consent,
    "B04": _not_chosen,
    "B06": _one_adult,
    "C01": _expired,
    "C03": _one_assistant_for_two,
    "C04": _licence_over,
    "D16": _overstated,
}
