"""Weeks of service in one breath, for what only shows over weeks: classes with their rolls, and duties, day by day."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from shared.service_calendar import service_days
from tests.world.district import District, Json
from tests.world.standard import S1, SLOTS, TERM, school_of, slot_of, staff_of

LAST_DAY = date(2026, 1, 30)
AT_ONCE = 1000


@dataclass(frozen=True)
class Weeks:
    """What a case says of some weeks; classes and days are counted from 1.

    missing: how many of 100 pupils stay away, each day anew by `seed`; late: how many of 100 come late, as many leave early.
    leads: by slot the leads of the classes, else T1, T2 …; who leads takes the roll. but: what is different in a class:
    missing, absent (the same pupils every day; second_slot_absent: in the later slots), repeats (each weekday's first roll again and again), taken_by, support,
    class_hours, days. copies: a day whose rolls are another's. duties: by person the class hours of a day, one for all
    days, or one for each week; `last` days only; of a kind, in a slot. schools: so many of the same kind instead of S1.
    """

    days: int
    classes: int = 0
    pupils: int = 20
    missing: float = 0
    late: float = 3
    seed: int = 1
    first_day: str = "2025-09-01"
    slots: Sequence[str] = ("s1",)
    leads: Mapping[str, Sequence[str]] = field(default_factory=dict)
    class_hours: float = 1.5
    but: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    copies: Mapping[int, int] = field(default_factory=dict)
    duties: Mapping[str, Any] = field(default_factory=dict)
    school_id: str = S1

    @property
    def dates(self) -> list[date]:
        """The service days."""
        return list(service_days(date.fromisoformat(self.first_day), LAST_DAY))[: self.days]


async def serve_weeks(
    district: District, *, schools: int = 0, school_but: Mapping[int, Any] | None = None, **given: Any
) -> None:
    """Enter them: in S1, or in `schools` further schools, of which `school_but` says what is different in some."""
    if not schools:
        await _post(district, S1, _records(Weeks(**given)))
    for number in range(1, schools + 1):
        school_id = f"31011510{number:02d}"
        own = {**given, **(school_but or {}).get(number, {})}
        await district.bureau.post("schools", {**school_of(school_id, own.pop("stage", "primary"))})
        people = [staff_of(school_id, f"T{number}-{place}") for place in range(1, own["classes"] + 1)]
        await _post(district, school_id, {"slots": [slot_of(school_id, slot) for slot in SLOTS], "staff": people})
        amount = own.pop("amount_fen", None)
        leads = {slot: [person["staff_id"] for person in people] for slot in own.get("slots", ("s1",))}
        await _post(district, school_id, _records(Weeks(school_id=school_id, leads=leads, **own)))
        if amount is not None:
            lines = [{"staff_id": people[0]["staff_id"], "class_hours": 9, "amount_fen": amount}]
            stated = {"school_id": school_id, "submission_id": "sub", "term_id": TERM, "lines": lines}
            await _post(district, school_id, {"submissions": [stated]})


async def _post(district: District, school_id: str, records: Mapping[str, list[Json]]) -> None:
    for resource, entered in records.items():
        for start in range(0, len(entered), AT_ONCE):
            await district.school(school_id).post(resource, *entered[start : start + AT_ONCE])


def _records(weeks: Weeks) -> dict[str, list[Json]]:
    """Students, sessions, rolls and duties, in posting order."""
    records: dict[str, list[Json]] = defaultdict(list)
    rng = Random(weeks.seed)  # noqa: S311 rolls that come again
    for number in range(1, weeks.classes + 1):
        records["students"] += [
            {"student_id": pupil, "school_id": weeks.school_id, "grade": 3, "class_no": f"3-{number}"}
            for pupil in _pupils(weeks, number)
        ]
    called: dict[tuple[int, str, int], Json] = {}
    for place, day in enumerate(weeks.dates, start=1):
        for number in range(1, weeks.classes + 1):
            but = weeks.but.get(number, {})
            for slot in weeks.slots if place <= but.get("days", weeks.days) else ():
                called[place, slot, number] = _call(weeks, number, (place, slot), rng, called)
                session = _session(weeks, number, day, slot) | {"headcount": _came(called[place, slot, number])}
                records["sessions"].append(session)
                taken_by = but.get("taken_by", session["staff"][0]["staff_id"])
                same = {name: session[name] for name in ("school_id", "session_id", "service_date")}
                records["attendance"].append({**same, **called[place, slot, number], "taken_by": taken_by})
    records["duties"] = list(_duties(weeks))
    return {resource: entered for resource, entered in records.items() if entered}


def _pupils(weeks: Weeks, number: int) -> list[str]:
    return [f"{weeks.school_id[-2:]}-{number}-{place}" for place in range(1, weeks.pupils + 1)]


def _call(
    weeks: Weeks, number: int, at: tuple[int, str], rng: Random, called: Mapping[tuple[int, str, int], Json]
) -> Json:
    """The roll of a class; who is missing in the first slot is missing all day."""
    place, slot = at
    but = weeks.but.get(number, {})
    pupils = _pupils(weeks, number)
    missing = {pupil for pupil in pupils if rng.random() * 100 < but.get("missing", weeks.missing)}
    late = {pupil for pupil in pupils if rng.random() * 100 < weeks.late}
    early = {pupil for pupil in pupils if rng.random() * 100 < weeks.late} - late
    weekday = weeks.dates[place - 1].weekday()
    like = weeks.copies.get(place) or (
        next(day for day, each in enumerate(weeks.dates, start=1) if each.weekday() == weekday)
        if "repeats" in but
        else place
    )
    if (like, slot, number) in called:
        return called[like, slot, number]
    if slot != weeks.slots[0] and "second_slot_absent" in but:
        missing = {pupils[each - 1] for each in but["second_slot_absent"]}
    elif "absent" in but:
        missing = {pupils[each - 1] for each in but["absent"]}
    elif slot != weeks.slots[0] and "missing" not in but:
        missing = set(called[place, weeks.slots[0], number]["absent"])
    here = [pupil for pupil in pupils if pupil not in missing]
    return {
        "present": [pupil for pupil in here if pupil not in late | early],
        "late": [pupil for pupil in here if pupil in late],
        "left_early": [pupil for pupil in here if pupil in early],
        "absent": sorted(missing),
    }


def _came(roll: Json) -> int:
    return len(roll["present"]) + len(roll["late"]) + len(roll["left_early"])


def _session(weeks: Weeks, number: int, day: date, slot: str) -> Json:
    but = weeks.but.get(number, {})
    leads = weeks.leads.get(slot, [f"T{each}" for each in range(1, weeks.classes + 1)])
    class_hours = but.get("class_hours", weeks.class_hours)
    staff = [{"staff_id": leads[number - 1], "role": "lead", "class_hours": class_hours}]
    staff += [{"staff_id": each, "role": "support", "class_hours": class_hours} for each in but.get("support", ())]
    return {
        "school_id": weeks.school_id,
        "session_id": f"{day:%m%d}-{slot}-{number}",
        "service_date": day.isoformat(),
        "slot": slot,
        "activity": "作业辅导",
        "category": "homework",
        "grade": 3,
        "class_no": f"3-{number}",
        "staff": staff,
    }


def _duties(weeks: Weeks) -> Iterator[Json]:
    monday = weeks.dates[0].toordinal() - weeks.dates[0].weekday()
    for staff_id, said in weeks.duties.items():
        duty = said if isinstance(said, Mapping) else {"class_hours": said}
        for day in weeks.dates[-duty.get("last", weeks.days) :]:
            hours = duty["class_hours"]
            yield {
                "school_id": weeks.school_id,
                "duty_id": f"{day:%m%d}-{staff_id}",
                "service_date": day.isoformat(),
                "staff_id": staff_id,
                "kind": duty.get("kind", "duty"),
                "class_hours": hours[(day.toordinal() - monday) // 7] if isinstance(hours, list) else hours,
                **({"slot": duty["slot"]} if "slot" in duty else {}),
            }
