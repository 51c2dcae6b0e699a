"""Clawbacks: what is to come back and what came, line by line; the school reads its own."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2

CASE = {
    "school_id": S1,
    "clawback_id": "b1",
    "amount_fen": 125000,
    "determined_on": "2025-11-03",
    "finding_ids": ["A14-0123456789abcdef"],
    "lines": [{"staff_id": "T1", "period": "2025-09", "amount_fen": 125000, "why": "重复计时"}],
    "legal_basis": "区专项经费管理办法",
    "ordered_on": "2025-11-10",
    "due_on": "2025-12-10",
    "instalments": [{"due_on": "2025-11-25", "amount_fen": 25000}, {"due_on": "2025-12-10", "amount_fen": 100000}],
}


async def test_a_clawback_goes_through_its_life(school: District) -> None:
    change = {
        "recovered": [{"recovered_on": "2025-11-24", "amount_fen": 25000, "voucher": "凭证17"}],
        "reason": "首期到账",
    }
    await goes_through_its_life(school.bureau, "clawbacks", CASE, change=change, path=f"{S1}/b1")


async def test_a_school_reads_its_own_case_and_another_school_does_not(school: District) -> None:
    await school.bureau.post("clawbacks", CASE)
    assert (await school.school(S1).get(f"/v1/clawbacks/{S1}/b1"))["amount_fen"] == 125000
    await school.school(S2).get(f"/v1/clawbacks/{S1}/b1", expect=404)
    await school.school(S1).post("clawbacks", {**CASE, "amount_fen": 0}, expect=403)


async def test_what_is_to_come_back_is_not_negative_and_its_people_are_known(school: District) -> None:
    problem = await school.bureau.post("clawbacks", {**CASE, "amount_fen": -1}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/amount_fen"
    problem = await school.bureau.post(
        "clawbacks", {**CASE, "lines": [{"staff_id": "T77", "amount_fen": 1}]}, expect=422
    )
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/lines/0/staff_id")
