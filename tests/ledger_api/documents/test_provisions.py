"""Provisions: a school's rules and posts, and what the bureau lays down for all."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

KEEPER = {
    "school_id": S1, "provision_id": "keeper", "matter": "ledger_keeper", "title": "台账员岗位职责", "starts_on": "2025-09-01",
    "staff_id": "T4", "acknowledged_on": "2025-09-02",
}  # fmt: skip
HOTLINE = {
    "provision_id": "hotline", "matter": "reporting_channel", "title": "举报电话", "starts_on": "2025-09-01",
    "contact": "021-00000000",
}  # fmt: skip


async def test_a_provision_goes_through_its_life(school: District) -> None:
    change = {"staff_id": "T5", "acknowledged_on": "2025-10-09", "reason": "换人"}
    await goes_through_its_life(school.school(S1), "provisions", KEEPER, change=change, path=f"{S1}/keeper")


async def test_only_the_bureau_lays_down_what_every_school_reads(school: District) -> None:
    refused = await school.school(S1).post("provisions", HOTLINE, expect=403)
    assert refused["code"] == "district_only"
    await school.bureau.post("provisions", HOTLINE)
    listed = (await school.school(S2).get("/v1/provisions"))["items"]
    assert [each["contact"] for each in listed] == ["021-00000000"]


async def test_a_post_has_a_holder_a_channel_an_address_and_a_duty_an_office(school: District) -> None:
    of = {"school_id": S1, "title": "岗位", "starts_on": "2025-09-01"}
    problem = await school.school(S1).post(
        "provisions",
        {**of, "provision_id": "a", "matter": "principal"},
        {**of, "provision_id": "b", "matter": "reporting_channel"},
        {**of, "provision_id": "c", "matter": "office_duty"},
        {**of, "provision_id": "d", "matter": "safety_rules", "ends_on": "2025-08-31"},
        {**of, "provision_id": "e", "matter": "approver", "staff_id": "T77"},
        expect=422,
    )
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("missing_field", "/0/staff_id"),
        ("missing_field", "/1/contact"),
        ("missing_field", "/2/office"),
        ("ends_before_it_starts", "/3/ends_on"),
        ("unknown_staff", "/4/staff_id"),
    ]
