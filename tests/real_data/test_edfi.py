"""A district that nobody here made up ("Grand Bend ISD" of the Ed-Fi Alliance), sent as a school's vendor would send it.

What a vendor has to decide: school ids are padded to ten digits; a section that meets in a class period is a session on
each of its meeting days, an assignment of a teacher to it a claim of one class hour; the seven class periods of the
morning and the afternoon become seven slots after lessons; a leave without an end is one of a day; pupils are known to
the school that recorded something of them.
"""

import csv
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.cli.embedded import Stores
from tests.conftest import cloned
from tests.world.district import District, open_district

FOLDER = Path(__file__).parents[2].parent / "shared" / "samples" / "edfi" / "flat"
TERMS = {"2021-2022 Fall Semester": "2021-2022-1", "2021-2022 Spring Semester": "2021-2022-2"}
# Two weeks of ordinary teaching, one a term; the second has the Sunday.
WEEKS = ((date(2021, 9, 6), date(2021, 9, 10)), (date(2022, 5, 9), date(2022, 5, 13)))
LEAVE_KINDS = {"Sick leave": "sick", "Personal": "personal"}

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the Ed-Fi sample district is not beside this checkout (../shared/samples/edfi/flat)"
)

Row = dict[str, str]


def rows(name: str) -> list[Row]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def padded(school_id: str) -> str:
    return school_id.zfill(10)


def slot_of(class_period: str) -> str:
    """`04 - Traditional` → `p04`."""
    return f"p{class_period[:2]}"


def weekdays(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        if day.isoweekday() < 6:
            yield day


def assignments() -> list[Row]:
    """Teachers' assignments with class period and room. A section listed twice for a teacher is two assignments."""
    sections = {(each["school_id"], each["session"], each["section_id"]): each for each in rows("sections")}
    seen: dict[tuple[str, ...], int] = defaultdict(int)
    found = []
    for each in rows("staff_sections"):
        key = (each["school_id"], each["session"], each["section_id"])
        seen[key] += 1
        found.append({**sections[key], **each, "number": str(seen[key])})
    return found


def sessions_on(day: date, taught: Iterable[Row]) -> Iterator[dict[str, Any]]:
    for each in taught:
        if each["begin"] <= day.isoformat() <= each["end"]:
            yield {
                "school_id": padded(each["school_id"]),
                "session_id": f"{each['section_id']}.{each['number']}.{day:%Y%m%d}",
                "service_date": day.isoformat(),
                "slot": slot_of(each["class_period"]),
                "activity": each["section_id"],
                "category": "interest",
                "room": each["room"],
                "headcount": 1,
                "staff": [{"staff_id": each["staff_id"], "role": "lead", "class_hours": 1}],
            }


@pytest.fixture
async def grand_bend(stores: Stores, empty: str, signing_key: str, tmp_path: Path) -> AsyncIterator[District]:
    """The district with its registers, through the public endpoints. The rules apply from 2021 on."""
    config = tmp_path / "rules.yaml"
    config.write_text("".join(f"{code}: {{effective_from: 2021-01-01}}\n" for code in ("A01", "A14", "A15")))
    database: AbstractContextManager[str] = cloned(stores, empty)
    with database as url:
        async with open_district(url, stores.redis_url, signing_key, rules_config=config) as district:
            await register(district)
            yield district


async def register(district: District) -> None:
    schools = rows("schools")
    await district.bureau.post(
        "schools",
        *({"school_id": padded(s["school_id"]), "name": s["name"], "stages": ["primary"]} for s in schools),
    )
    calendar = {(each["session"], each["begin"], each["end"]) for each in rows("sessions")}
    await district.bureau.post(
        "terms",
        *(
            {"term_id": TERMS[name], "starts_on": begin, "ends_on": end, "holidays": [], "makeup_days": []}
            for name, begin, end in sorted(calendar)
        ),
    )
    voice = district.school(*(padded(school["school_id"]) for school in schools))
    for term_id in TERMS.values():
        await voice.post("slots", *(slot(period, term_id) for period in rows("class_periods")))
    homes = {each["staff_id"]: each["school_id"] for each in rows("staff_sections")}
    hired = {each["staff_id"]: each["hire_date"] for each in rows("staff_employment")}
    await voice.post(
        "staff",
        *(
            {"staff_id": s, "school_id": padded(homes[s]), "kind": "employee", "active_from": hired[s]}
            for s in sorted(homes)
        ),
    )
    enrolled = {each["student_id"]: each["school_id"] for each in events()}
    await voice.post(
        "students",
        *({"student_id": s, "school_id": padded(enrolled[s]), "grade": 6} for s in sorted(enrolled)),
    )


def slot(period: Row, term_id: str) -> dict[str, Any]:
    """Seven slots of forty minutes, two minutes apart, from two o'clock on."""
    starts = 14 * 60 + 42 * (int(period["class_period"][:2]) - 1)
    return {
        "school_id": padded(period["school_id"]),
        "term_id": term_id,
        "slot": slot_of(period["class_period"]),
        "starts_at": f"{starts // 60:02d}:{starts % 60:02d}",
        "ends_at": f"{(starts + 40) // 60:02d}:{(starts + 40) % 60:02d}",
    }


def events() -> list[Row]:
    return rows("school_attendance_events") + rows("section_attendance_tardy_events")


async def teach(district: District, days: Iterable[date]) -> None:
    voice = district.school(*(padded(school["school_id"]) for school in rows("schools")))
    taught = assignments()
    for day in days:
        await voice.post("sessions", *sessions_on(day, taught))
    await district.audit()


async def test_the_sixteen_doubled_slots_are_found_six_of_them_in_two_rooms(grand_bend: District) -> None:
    await teach(grand_bend, [day for week in WEEKS for day in weekdays(*week)])
    findings = await grand_bend.fetch("select * from audit.finding where rule = 'A14'")
    by_session = {
        session["session_id"]: (row, session["room"])
        for week in WEEKS
        for row in assignments()
        for session in sessions_on(week[0], [row])
    }
    doubled: dict[tuple[str, ...], set[str]] = defaultdict(set)
    mondays = {week[0] for week in WEEKS}
    for finding in (each for each in findings if each["service_date"] in mondays):
        for record in json.loads(finding["evidence"])["records"]:
            row, room = by_session[record.split("/")[2].partition("#")[0]]
            doubled[row["staff_id"], row["school_id"], row["session"], row["class_period"]].add(room)
    assert len(doubled) == 16
    assert sum(len(rooms) == 2 for rooms in doubled.values()) == 6
    # The timetable is the same on each day of a week.
    assert len(findings) == 5 * len({(staff_id, term) for staff_id, _school, term, _period in doubled})


async def test_the_sunday_events_are_found(grand_bend: District) -> None:
    voice = grand_bend.school(*(padded(school["school_id"]) for school in rows("schools")))
    receipt = await voice.post(
        "attendance",
        *(
            {
                "school_id": padded(each["school_id"]),
                "session_id": f"{each['section_id']}.1.{each['date'].replace('-', '')}",
                "service_date": each["date"],
                "student_id": each["student_id"],
                "status": "late",
            }
            for each in rows("section_attendance_tardy_events")
        ),
    )
    assert receipt["created"] == 66
    await grand_bend.audit()
    (finding,) = await grand_bend.auditor.findings(rule="A01")
    assert (finding["school_id"], finding["service_date"], finding["found"]) == ("0255901107", "2022-05-15", "0.00 / 3")


async def test_thirty_three_leaves_begin_while_the_person_teaches(grand_bend: District) -> None:
    leaves = rows("staff_leave")
    begins = {date.fromisoformat(leave["begin"]) for leave in leaves}
    await teach(grand_bend, sorted(day for day in begins if any(first <= day <= last for first, last in terms())))
    voice = grand_bend.school(*(padded(school["school_id"]) for school in rows("schools")))
    known = {each["staff_id"] for each in rows("staff_sections")}
    receipt = await voice.post(
        "leaves",
        *(
            {
                "staff_id": leave["staff_id"],
                "starts_on": leave["begin"],
                "ends_on": leave["begin"],
                "kind": LEAVE_KINDS.get(leave["reason"], "other"),
            }
            for leave in leaves
            if leave["staff_id"] in known
        ),
    )
    assert receipt["created"] == receipt["received"]
    await grand_bend.audit()
    assert len(await grand_bend.auditor.findings(rule="A15")) == 33


def terms() -> set[tuple[date, date]]:
    return {(date.fromisoformat(each["begin"]), date.fromisoformat(each["end"])) for each in rows("sessions")}


async def test_a_pupil_with_two_statuses_on_one_day_is_named_and_both_stay_in_the_history(grand_bend: District) -> None:
    by_day: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for event in rows("school_attendance_events"):
        by_day[event["school_id"], event["student_id"], event["date"]].append(event)
    ((key, twice),) = [(key, found) for key, found in by_day.items() if len({e["category"] for e in found}) > 1]
    school_id, student_id, day = key
    voice = grand_bend.school(padded(school_id))
    marks = [
        {
            "school_id": padded(school_id),
            "session_id": f"day.{day}",
            "service_date": day,
            "student_id": student_id,
            "status": {"Excused Absence": "excused", "Partial": "left_early"}[event["category"]],
        }
        for event in twice
    ]
    problem = await voice.post("attendance", *marks, expect=422)
    assert [error["code"] for error in problem["errors"]] == ["repeated_student"]
    for mark in marks:
        await voice.post("attendance", mark)
    history = await voice.get(f"/v1/attendance/{padded(school_id)}/day.{day}/revisions")
    assert [item["revision"] for item in history["items"]] == [2, 1]
