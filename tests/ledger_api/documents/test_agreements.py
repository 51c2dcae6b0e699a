"""Agreements: with whom, from when to when, signed by whom, paid by whom."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1

CONTRACT = {
    "school_id": S1, "agreement_id": "ball", "kind": "service_contract", "provider_id": "prv-1", "starts_on": "2025-09-01",
    "ends_on": "2026-01-30", "signed_by_school_on": "2025-08-28", "signed_by_partner_on": "2025-08-29",
    "deliberation_id": "met", "paid_by": "school", "amount_fen": 640000,
}  # fmt: skip


async def test_an_agreement_goes_through_its_life(school: District) -> None:
    change = {"ended_on": "2025-11-03", "reason": "提前解除"}
    await goes_through_its_life(school.school(S1), "agreements", CONTRACT, change=change, path=f"{S1}/ball")


async def test_each_kind_of_agreement_is_made_with_somebody(school: District) -> None:
    of = {"school_id": S1, "starts_on": "2025-09-01"}
    problem = await school.school(S1).post(
        "agreements",
        {**of, "agreement_id": "a", "kind": "service_contract"},
        {**of, "agreement_id": "b", "kind": "engagement"},
        {**of, "agreement_id": "c", "kind": "pairing", "staff_id": "X1"},
        {**of, "agreement_id": "d", "kind": "partnership"},
        expect=422,
    )
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("missing_field", "/0/provider_id"),
        ("missing_field", "/1/staff_id"),
        ("missing_field", "/2/teacher_id"),
        ("missing_field", "/3/partner"),
    ]


async def test_an_agreement_names_who_is_registered_and_ends_after_it_begins(school: District) -> None:
    wrong = {**CONTRACT, "provider_id": "prv-9", "staff_id": "X9", "ends_on": "2025-08-31"}
    problem = await school.school(S1).post("agreements", wrong, expect=422)
    assert [error["code"] for error in problem["errors"]] == [
        "unknown_provider",
        "unknown_staff",
        "ends_before_it_starts",
    ]
