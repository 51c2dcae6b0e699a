"""Sign-ins of staff: optional records of a school's devices."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import MONDAY, S1

SIGNED = {
    "school_id": S1,
    "sign_in_id": "i1",
    "service_date": MONDAY,
    "staff_id": "T1",
    "at": "2025-09-08T15:25:00+08:00",
    "kind": "in",
    "device": "gate-2",
}


async def test_a_sign_in_goes_through_its_life(school: District) -> None:
    change = {"kind": "out", "by": "office", "reason": "签退误录为签到"}
    await goes_through_its_life(school.school(S1), "sign-ins", SIGNED, change=change, path=f"{S1}/i1")


async def test_a_clock_time_without_its_place_is_no_instant(school: District) -> None:
    problem = await school.school(S1).post("sign-ins", {**SIGNED, "at": "2025-09-08T15:25:00"}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/at"


async def test_whoever_signs_in_is_registered_and_the_day_is_in_a_term(school: District) -> None:
    wrong = {**SIGNED, "staff_id": "T99", "service_date": "2025-08-20"}
    problem = await school.school(S1).post("sign-ins", wrong, expect=422)
    assert [error["code"] for error in problem["errors"]] == ["outside_term", "unknown_staff"]
