"""Groups: a school's leading group with its people, the bureau's working group with its offices."""

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

LEADING = {
    "group_id": "lead",
    "kind": "leading",
    "school_id": S1,
    "academic_year": "2025-2026",
    "members": [{"staff_id": "T1", "role": "lead", "post": "校长"}, {"staff_id": "T2", "post": "台账员"}],
    "appointed_on": "2025-08-29",
}
WORKING = {
    "group_id": "2025",
    "academic_year": "2025-2026",
    "members": [{"office": "general_office", "role": "lead"}, {"office": "primary_centre"}],
    "document": "浦教办〔2025〕17号",
}


async def test_a_schools_group_goes_through_its_life(school: District) -> None:
    change = {"dissolved_on": "2026-01-09", "reason": "改组"}
    await goes_through_its_life(school.school(S1), "groups", LEADING, change=change, path=f"{S1}/lead")


async def test_the_bureaus_group_belongs_to_no_school_and_everybody_reads_it(school: District) -> None:
    change = {"dissolved_on": "2026-01-09", "reason": "改组"}
    await goes_through_its_life(school.bureau, "groups", WORKING, change=change, path="district/2025")
    await school.bureau.post("groups", {**WORKING, "group_id": "again"})
    for reader in (school.school(S2), school.voice("centre", stage="primary"), school.auditor):
        assert (await reader.get("/v1/groups/district/again"))["document"] == "浦教办〔2025〕17号"


async def test_nobody_appoints_another_ones_group(school: District) -> None:
    centre = school.voice("centre", stage="junior")
    for voice in (school.school(S1), centre):
        assert (await voice.post("groups", WORKING, expect=403))["code"] == "district_only"
    for voice in (school.school(S2), centre):
        await voice.post("groups", LEADING, expect=404)
    await school.auditor.post("groups", LEADING, expect=403)
    await school.school(S1).post("groups", LEADING)
    await school.school(S2).get(f"/v1/groups/{S1}/lead", expect=404)


@pytest.mark.parametrize(
    ("group", "code", "pointer"),
    [
        ({**WORKING, "members": [{"office": "finance"}, {"office": "finance"}]}, "repeated_key", "/0/members/1/office"),
        ({**WORKING, "members": [{"role": "lead"}]}, "missing_field", "/0/members/0/office"),
        ({**WORKING, "members": [{"office": "parents"}]}, "invalid_value", "/0/members/0/office"),
        ({**LEADING, "members": [{"post": "校长"}]}, "missing_field", "/0/members/0/staff_id"),
        ({**LEADING, "members": [{"staff_id": "T77"}]}, "unknown_staff", "/0/members/0/staff_id"),
        (
            {name: value for name, value in WORKING.items() if name != "academic_year"},
            "missing_field",
            "/0/academic_year",
        ),
    ],
)
async def test_a_member_is_somebody_and_is_in_it_once(
    school: District, group: dict[str, object], code: str, pointer: str
) -> None:
    problem = await school.bureau.post("groups", group, expect=422)
    assert (problem["errors"][0]["code"], problem["errors"][0]["pointer"]) == (code, pointer)
