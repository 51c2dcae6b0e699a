"""Invoices of providers."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import MONDAY, S1

INVOICE = {
    "school_id": S1,
    "invoice_id": "inv-1",
    "provider_id": "prv-1",
    "period": "2025-09",
    "lines": [
        {"session_id": "ball", "billed_on": MONDAY, "staff_id": "X1", "pupils": 20, "amount_fen": 30000},
        {"sessions": 3, "amount_fen": 90000},
    ],
}


async def test_an_invoice_goes_through_its_life(school: District) -> None:
    change = {"lines": [{"sessions": 2, "amount_fen": 60000}], "reason": "多开一次"}
    await goes_through_its_life(school.school(S1), "provider-invoices", INVOICE, change=change, path=f"{S1}/inv-1")


async def test_an_invoice_names_a_registered_provider_and_registered_people(school: District) -> None:
    wrong = {**INVOICE, "provider_id": "prv-9", "lines": [{"staff_id": "X9"}]}
    problem = await school.school(S1).post("provider-invoices", wrong, expect=422)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("unknown_provider", "/0/provider_id"),
        ("unknown_staff", "/0/lines/0/staff_id"),
    ]
