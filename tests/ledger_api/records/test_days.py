"""Days: what the school says it held; missing is never zero."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import MONDAY, S1, TUESDAY


async def test_a_day_goes_through_its_life(school: District) -> None:
    day = {"school_id": S1, "service_date": MONDAY, "state": "closed", "sessions": 12, "pupils": 310}
    corrected = {"pupils": 311, "reason": "漏计一名学生"}
    await goes_through_its_life(school.school(S1), "days", day, change=corrected, path=f"{S1}/{MONDAY}")


async def test_a_day_without_service_says_why(school: District) -> None:
    day = {"school_id": S1, "service_date": TUESDAY, "state": "no_service", "reason": "运动会"}
    await school.school(S1).post("days", day)
    assert (await school.school(S1).get(f"/v1/days/{S1}/{TUESDAY}"))["reason"] == "运动会"


async def test_what_was_not_said_is_not_nought(school: District) -> None:
    await school.school(S1).post("days", {"school_id": S1, "service_date": MONDAY, "state": "closed"})
    day = await school.school(S1).get(f"/v1/days/{S1}/{MONDAY}")
    assert (day["sessions"], day["pupils"]) == (None, None)


async def test_a_day_outside_every_term_is_refused(school: District) -> None:
    day = {"school_id": S1, "service_date": "2025-08-01", "state": "closed"}
    assert (await school.school(S1).post("days", day, expect=422))["code"] == "outside_term"
