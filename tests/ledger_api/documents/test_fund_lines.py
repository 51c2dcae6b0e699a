"""The special subsidy's book."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1

SPENT = {
    "school_id": S1,
    "line_id": "f7",
    "booked_on": "2025-10-15",
    "direction": "spending",
    "category": "remuneration",
    "amount_fen": 123400,
    "voucher": "记-0107",
    "payee_kind": "staff",
    "staff_id": "T1",
    "balance_fen": 876600,
}


async def test_a_line_goes_through_its_life(school: District) -> None:
    change = {"amount_fen": 123300, "balance_fen": 876700, "reason": "录入有误"}
    await goes_through_its_life(school.school(S1), "fund-lines", SPENT, change=change, path=f"{S1}/f7")


async def test_a_line_outside_every_term_is_taken_and_names_whom_the_registers_know(school: District) -> None:
    voice = school.school(S1)
    await voice.post("fund-lines", {**SPENT, "booked_on": "2026-07-20"})
    wrong = {**SPENT, "staff_id": "T99", "provider_id": "prv-9", "category": "remuneration"}
    problem = await voice.post("fund-lines", wrong, expect=422)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("unknown_staff", "/0/staff_id"),
        ("unknown_provider", "/0/provider_id"),
    ]
