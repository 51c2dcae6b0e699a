"""What else was there to see of a simulated school's days: sign-ins, patrols, inspections, providers' invoices.

Written last, from the days as the school records them: who is on a record signed in, unless they were not there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from random import Random
from zoneinfo import ZoneInfo

from services.cli.simulator.days import Record, SchoolDay
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import School

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A minute's walk into each slot, and one after the last is over, when the rooms are empty.
LOOKED_AT = {"s1": "15:50", "s2": "16:50", "s3": "17:40"}
AFTER_SERVICE = "18:20"
# So often the device is out of order and writes nothing, or the patrol comes when everybody has gone.
DEVICE_FAILS, COMES_LATE = 0.04, 0.05
A_PROVIDERS_SESSION_FEN = 12000


def sign_ins_of(days: Sequence[SchoolDay], rng: Random, planted: Planted) -> Iterator[Record]:
    """One sign-in a person and day, where the school has a device; who was not there has none (A17)."""
    school = days[0].school
    for made in days:
        people = sorted(_people_with_hours(made))
        seen = [staff_id for staff_id in people if staff_id not in made.unseen]
        unseen = [staff_id for staff_id in people if staff_id in made.unseen]
        if not seen or (not unseen and rng.random() < DEVICE_FAILS):
            planted.honest("device_out_of_order", school.school_id, school.school_id, made.day.isoformat())
            continue
        for staff_id in unseen:
            planted.label(
                "A17", school.school_id, staff_id, "on a record, and never signed in", service_date=made.day.isoformat()
            )
        for number, staff_id in enumerate(seen):
            yield {
                "school_id": school.school_id,
                "sign_in_id": f"{made.day:%m%d}-{number:03d}",
                "service_date": made.day.isoformat(),
                "staff_id": staff_id,
                "at": _instant(made.day, time(15, rng.randrange(5, 30))),
                "kind": "in",
                "device": "gate-1",
            }


def _people_with_hours(made: SchoolDay) -> set[str]:
    sessions = [session for session in made.sessions if session["state"] == "held" or session["staff"]]
    members = [member for session in sessions for member in session["staff"]]
    return {each["staff_id"] for each in (*members, *made.duties) if each["class_hours"] > 0}


def _instant(day: date, at: time) -> str:
    return datetime.combine(day, at, SHANGHAI).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def patrols_of(days: Sequence[SchoolDay], rng: Random, planted: Planted) -> Iterator[Record]:
    """One look at one session a day, by whoever is on duty: a child is out of the room, or the hour is wrong."""
    for made in days:
        yield from made.patrols
        held = [session for session in _held_with_everybody(made) if session["headcount"] > 2]
        on_duty = next((duty for duty in made.duties if duty["kind"] == "duty"), None)
        if not held or on_duty is None:
            continue
        session = rng.choice(held)
        comes_late = rng.random() < COMES_LATE
        if comes_late:
            planted.honest("patrol_after_the_bell", made.school.school_id, session["session_id"], made.day.isoformat())
        yield {
            **patrol_of(made, session, on_duty["staff_id"]),
            "observed_headcount": 0 if comes_late else session["headcount"] - rng.randint(0, 2),
            "staff_present": [] if comes_late else [each["staff_id"] for each in session["staff"]],
            "time": AFTER_SERVICE if comes_late else LOOKED_AT[session["slot"]],
        }


def _held_with_everybody(made: SchoolDay) -> list[Record]:
    """The sessions held by who is named there: what is seen where only a name is, is planted as such (A23, A24)."""
    return [
        session
        for session in made.sessions
        if session["state"] == "held" and made.unseen.isdisjoint(each["staff_id"] for each in session["staff"])
    ]


def patrol_of(made: SchoolDay, session: Record, staff_id: str) -> Record:
    """A patrol of a session by somebody, as yet without what it saw."""
    return {
        "school_id": made.school.school_id,
        "patrol_id": f"{session['session_id']}-seen-{len(made.patrols)}",
        "service_date": made.day.isoformat(),
        "session_id": session["session_id"],
        "time": LOOKED_AT[session["slot"]],
        "by": staff_id,
    }


def inspections_of(days: Sequence[SchoolDay], rng: Random) -> Iterator[Record]:
    """One visit of the stage centre in a school's days: one session by its number, one by its slot and room."""
    for made in days:
        yield from made.inspections
    visited = [made for made in days if len(_held_with_everybody(made)) > 1]
    if not visited:
        return
    made = rng.choice(visited)
    held = _held_with_everybody(made)
    by_number, by_room = rng.sample(held, 2)
    yield inspection_of(
        made,
        {"session_id": by_number["session_id"], **_as_recorded(by_number, made)},
        {"slot": by_room["slot"], "room": by_room["room"], **_as_recorded(by_room, made)},
    )


def _as_recorded(session: Record, made: SchoolDay) -> Record:
    """Whoever comes late, or goes early, is not in the room when the inspectors count."""
    sheet = made.sheets.get(session["session_id"], {"late": [], "left_early": []})
    return {
        "observed_headcount": session["headcount"] - len(sheet["late"]),
        "staff_present": [each["staff_id"] for each in session["staff"]],
    }


def inspection_of(made: SchoolDay, *observed: Record) -> Record:
    """An unannounced visit that saw these sessions."""
    return {
        "school_id": made.school.school_id,
        "inspection_id": f"{made.school.school_id}-{made.day:%Y%m%d}-{len(made.inspections)}",
        "kind": "unannounced",
        "date": made.day.isoformat(),
        "team": ["学段中心督导组"],
        "observed": list(observed),
        "conclusion": "有记录",
    }


def invoices_of(school: School, days: Sequence[SchoolDay]) -> dict[tuple[str, str], Record]:
    """What each provider bills a month, by provider and month: its people's sessions, but for one that it forgets."""
    provider_of = {person.staff_id: person.provider_id for person in school.outside if person.provider_id}
    lines: Mapping[tuple[str, str], list[Record]] = defaultdict(list)
    for made in days:
        for session in made.sessions:
            if session["state"] != "held":
                continue
            for provider_id in sorted({provider_of.get(each["staff_id"], "") for each in session["staff"]} - {""}):
                lines[provider_id, f"{made.day:%Y-%m}"].append(
                    {
                        "session_id": session["session_id"],
                        "billed_on": made.day.isoformat(),
                        "pupils": session["headcount"],
                        "amount_fen": A_PROVIDERS_SESSION_FEN,
                    },
                )
    return {
        (provider_id, month): {
            "school_id": school.school_id,
            "invoice_id": f"{provider_id}-{month}",
            "provider_id": provider_id,
            "period": month,
            "lines": billed[1:],
        }
        for (provider_id, month), billed in lines.items()
        if len(billed) > 1
    }
