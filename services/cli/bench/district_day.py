"""A district-day to post: per school its sessions, its rolls as sheets and as flat marks, ready as bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

import msgspec

FIRST_SCHOOL = 3101150001
TERM_ID = "2025-2026-1"
# 350 schools of 57 sessions with 22 or 23 pupils: about 20,000 sessions and 450,000 marks.
SESSIONS_A_SCHOOL = 57
PUPILS_A_SESSION = (22, 23)
STAFF_A_SCHOOL = 60
PUPILS_A_SCHOOL = SESSIONS_A_SCHOOL // 2 * 23 + 23
_STATUSES = ("present", "late", "left_early", "absent", "excused")
_WEIGHTS = (92, 1, 1, 2, 4)


@dataclass(frozen=True)
class SchoolDay:
    """What one school posts of one day."""

    school_id: str
    sessions: bytes
    sheets: bytes
    flat: bytes
    marks: int
    session_count: int


def school_ids(schools: int) -> list[str]:
    """The district's schools."""
    return [str(FIRST_SCHOOL + index) for index in range(schools)]


def registers(school_id: str) -> dict[str, bytes]:
    """A school's slots, staff and students, as lines."""
    slots = {"s1": ("15:30", "16:30"), "s2": ("16:30", "17:30")}
    return {
        "slots": _lines(
            {"school_id": school_id, "term_id": TERM_ID, "slot": slot, "starts_at": starts_at, "ends_at": ends_at}
            for slot, (starts_at, ends_at) in slots.items()
        ),
        "staff": _lines(
            {"staff_id": f"{school_id}.T{n:02d}", "school_id": school_id, "kind": "employee"}
            for n in range(STAFF_A_SCHOOL)
        ),
        "students": _lines(
            {"student_id": f"{school_id}.P{n:04d}", "school_id": school_id, "grade": 1 + n % 5}
            for n in range(PUPILS_A_SCHOOL)
        ),
    }


def district_day(schools: int, day: date) -> list[SchoolDay]:
    """A day of every school; the same day gives the same bytes."""
    return [_school_day(school_id, day) for school_id in school_ids(schools)]


def _school_day(school_id: str, day: date) -> SchoolDay:
    rng = Random(f"{school_id}/{day}")
    sessions, sheets, marks = [], [], []
    for number in range(SESSIONS_A_SCHOOL):
        size = PUPILS_A_SESSION[number % 2]
        # Every pupil is in one session of the first slot and in one of the second.
        first = number // 2 * 23
        key = {"school_id": school_id, "session_id": f"{day:%Y%m%d}-{number:02d}", "service_date": day.isoformat()}
        statuses = rng.choices(_STATUSES, _WEIGHTS, k=size)
        pupils = [f"{school_id}.P{first + n:04d}" for n in range(size)]
        sheet: dict[str, list[str]] = {}
        for pupil, status in zip(pupils, statuses, strict=True):
            sheet.setdefault(status, []).append(pupil)
        sheets.append({**key, **sheet})
        marks += [
            {**key, "student_id": pupil, "status": status} for pupil, status in zip(pupils, statuses, strict=True)
        ]
        sessions.append(
            {
                **key,
                "slot": f"s{number % 2 + 1}",
                "activity": "作业辅导",
                "category": "homework",
                "room": f"room-{number}",
                "headcount": sum(status in {"present", "late", "left_early"} for status in statuses),
                "staff": [{"staff_id": f"{school_id}.T{number:02d}", "role": "lead", "class_hours": 1.5}],
            },
        )
    return SchoolDay(school_id, _lines(sessions), _lines(sheets), _lines(marks), len(marks), len(sessions))


def _lines(records: object) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in _each(records))


def _each(records: object) -> Iterator[object]:
    return iter(records)  # type: ignore[call-overload,no-any-return]
