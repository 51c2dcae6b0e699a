"""Terms: their service days, worked out or given."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1

AUTUMN = {"term_id": "2024-2025-1", "starts_on": "2024-09-02", "ends_on": "2024-10-18"}


async def test_a_term_goes_through_its_life(school: District) -> None:
    given = {**AUTUMN, "service_days": ["2024-09-02", "2024-09-03"]}
    await goes_through_its_life(
        school.bureau, "terms", given, change={"service_days": ["2024-09-03"]}, path="2024-2025-1"
    )


async def test_the_holidays_of_the_state_council_are_known(school: District) -> None:
    await school.bureau.post("terms", AUTUMN)
    days = (await school.bureau.get("/v1/terms/2024-2025-1"))["service_days"]
    assert {"2024-09-14", "2024-09-29", "2024-10-12"} <= set(days), "make-up days"
    assert not {"2024-09-16", "2024-09-17", "2024-10-01", "2024-10-07"} & set(days), "holidays"
    assert days == sorted(days)


async def test_holidays_and_make_up_days_may_be_given(school: District) -> None:
    given = {**AUTUMN, "holidays": ["2024-09-03"], "makeup_days": ["2024-09-07"]}
    await school.bureau.post("terms", given)
    days = (await school.bureau.get("/v1/terms/2024-2025-1"))["service_days"]
    assert days[:5] == ["2024-09-02", "2024-09-04", "2024-09-05", "2024-09-06", "2024-09-07"]


async def test_a_year_without_known_holidays_asks_for_them(school: District) -> None:
    future = {"term_id": "2039-2040-1", "starts_on": "2039-09-01", "ends_on": "2039-12-30"}
    problem = await school.bureau.post("terms", future, expect=422)
    assert (problem["errors"][0]["code"], problem["errors"][0]["pointer"]) == ("holidays_unknown", "/0/holidays")
    assert "2039" in problem["errors"][0]["detail"]


async def test_a_service_day_outside_the_term_is_named_by_its_place(school: District) -> None:
    given = {**AUTUMN, "service_days": ["2024-09-02", "2025-01-02"]}
    problem = await school.bureau.post("terms", given, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/service_days/1"


async def test_a_school_enters_a_new_term_and_changes_none(school: District) -> None:
    await school.school(S1).post("terms", AUTUMN)
    await school.school(S1).post("terms", {**AUTUMN, "ends_on": "2024-10-11"}, expect=403)
