"""The standard schools: what most stories begin with.

S1 (3101150001, primary): T1…T9 teachers, R1 retired, W1 shared, X1 of the provider prv-1, V1 volunteer, pupils P1…P40.
S2 (3101150002, junior): U1…U4 teachers, pupils Q1…Q10. The autumn term of 2025; slots s1 15:30–16:30, s2 16:30–17:30,
s3 17:30–18:00, 40 minutes a class hour. MONDAY is an ordinary service day.
"""

from typing import Any

from tests.world.district import District

Json = dict[str, Any]

S1, S2 = "3101150001", "3101150002"
TERM, YEAR = "2025-2026-1", "2025-2026"
MONDAY, TUESDAY, SATURDAY = "2025-09-08", "2025-09-09", "2025-09-13"
SLOTS = {"s1": ("15:30", "16:30"), "s2": ("16:30", "17:30"), "s3": ("17:30", "18:00")}
STAFF_KINDS = {"T": "employee", "U": "employee", "R": "retired", "W": "shared", "X": "provider", "V": "volunteer"}
PLAN: Json = {
    "school_id": S1,
    "version": "v1",
    "effective_from": "2025-09-01",
    "deliberation_id": "plan-v1",
    "rate_fen_per_class_hour": {"homework": 8000, "*": 9000},
    "factors": {"role": {"assistant": 0.6}},
    "duty_rate_fen": {"*": 5000},
}


async def open_standard_school(district: District) -> None:
    """Enter both schools through the API."""
    bureau, first, second = district.bureau, district.school(S1), district.school(S2)
    await bureau.post("schools", school_of(S1, "primary"), school_of(S2, "junior"))
    await bureau.post("terms", {"term_id": TERM, "starts_on": "2025-09-01", "ends_on": "2026-01-30"})
    await bureau.post("providers", {"provider_id": "prv-1", "name": "体育中心", "listed": True})
    for voice, school_id, people, pupils in (
        (first, S1, [*(f"T{n}" for n in range(1, 10)), "R1", "W1", "X1", "V1"], [f"P{n}" for n in range(1, 41)]),
        (second, S2, [f"U{n}" for n in range(1, 5)], [f"Q{n}" for n in range(1, 11)]),
    ):
        await voice.post("slots", *(slot_of(school_id, slot) for slot in SLOTS))
        await voice.post("staff", *(staff_of(school_id, staff_id) for staff_id in people))
        await voice.post("students", *({"student_id": p, "school_id": school_id, "grade": 3} for p in pupils))
    await first.post("allocation-plans", PLAN)
    await district.audit()


def school_of(school_id: str, stage: str) -> Json:
    """A school's register entry."""
    return {
        "school_id": school_id,
        "name": f"学校{school_id[-1]}",
        "stages": [stage],
        "centre": stage,
        "town": "张江镇",
    }


def slot_of(school_id: str, slot: str) -> Json:
    """A slot's register entry."""
    starts_at, ends_at = SLOTS[slot]
    return {"school_id": school_id, "term_id": TERM, "slot": slot, "starts_at": starts_at, "ends_at": ends_at}


def staff_of(school_id: str, staff_id: str) -> Json:
    """A person's register entry; the kind by the letter."""
    provider = {"provider_id": "prv-1"} if staff_id.startswith("X") else {}
    return {"staff_id": staff_id, "school_id": school_id, "kind": STAFF_KINDS[staff_id[0]], **provider}


def session(session_id: str = "h1", *, staff: dict[str, float] | list[Json] | None = None, **given: Any) -> Json:
    """A held session of S1 on MONDAY in s1 with 20 pupils; `staff`: class hours by person, the first one leads."""
    members = (
        staff
        if isinstance(staff, list)
        else [
            {"staff_id": staff_id, "role": "assistant" if place else "lead", "class_hours": class_hours}
            for place, (staff_id, class_hours) in enumerate((staff or {"T1": 1.5}).items())
        ]
    )
    return {
        "school_id": S1,
        "session_id": session_id,
        "service_date": MONDAY,
        "slot": "s1",
        "activity": "作业辅导",
        "category": "homework",
        "headcount": 20,
        "staff": members,
        **given,
    }


def sheet(session_id: str = "h1", *, present: int | list[str] = 20, **given: Any) -> Json:
    """The roll of a session of S1: the first so many pupils present, or those named."""
    there = [f"P{n}" for n in range(1, present + 1)] if isinstance(present, int) else present
    return {"school_id": S1, "session_id": session_id, "service_date": MONDAY, "present": there, **given}


def closed_day(service_date: str = MONDAY, **given: Any) -> dict[str, Any]:
    """A day of S1 of which the school says that it is complete."""
    return {"school_id": S1, "service_date": service_date, "state": "closed", **given}


def duty(duty_id: str = "d1", staff_id: str = "T9", class_hours: float = 1, **given: Any) -> Json:
    """A duty of S1 on MONDAY."""
    return {
        "school_id": S1,
        "duty_id": duty_id,
        "service_date": MONDAY,
        "staff_id": staff_id,
        "kind": "duty",
        "class_hours": class_hours,
        **given,
    }


async def confirmed_finding(district: District) -> str:
    """A finding about S1 that the bureau has confirmed: class hours for a session to which nobody came; its id."""
    await district.school(S1).post("sessions", session("nobody", headcount=0))
    await district.audit()
    (found,) = await district.fetch("select finding_id from audit.finding where rule = 'A12' and subject = 'nobody'")
    finding_id: str = found["finding_id"]
    await district.bureau.post(f"findings/{finding_id}/dispositions", {"kind": "confirm"})
    return finding_id
