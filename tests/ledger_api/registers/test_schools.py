"""Schools: the roster of the district."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, school_of

NEW = "3101150777"


async def test_a_school_goes_through_its_life(school: District) -> None:
    record = {**school_of(NEW, "junior"), "kind": "private", "active_from": "2025-09-01"}
    await goes_through_its_life(school.bureau, "schools", record, change={"town": "川沙新镇"}, path=NEW)


async def test_a_school_with_two_stages_keeps_both(school: District) -> None:
    await school.bureau.post("schools", {**school_of(NEW, "primary"), "stages": ["primary", "junior"]})
    assert (await school.bureau.get(f"/v1/schools/{NEW}"))["stages"] == ["primary", "junior"]


async def test_a_school_id_has_ten_digits(school: District) -> None:
    problem = await school.bureau.post("schools", school_of("31011", "primary"), expect=422)
    assert problem["errors"][0]["pointer"] == "/0/school_id"


async def test_a_school_enters_itself_and_no_other(school: District) -> None:
    await school.school(S1).post("schools", {**school_of(S1, "primary"), "town": "唐镇"})
    await school.school(S1).post("schools", school_of(NEW, "primary"), expect=404)
