"""Disbursements: the district grants, the school reads."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2, TERM

GRANT = {
    "school_id": S1,
    "disbursement_id": "g1",
    "term_id": TERM,
    "amount_fen": 4000000,
    "due_on": "2025-10-31",
    "purpose": "课后服务专项补助",
    "standard_fen": 10000,
    "basis": 400,
    "basis_kind": "pupils",
}


async def test_a_disbursement_goes_through_its_life(school: District) -> None:
    change = {"paid_on": "2025-10-28", "reason": "已拨付"}
    await goes_through_its_life(school.bureau, "disbursements", GRANT, change=change, path=f"{S1}/g1")


async def test_the_school_reads_its_grant_and_writes_none_and_another_sees_nothing(school: District) -> None:
    await school.bureau.post("disbursements", GRANT)
    assert (await school.school(S1).get(f"/v1/disbursements/{S1}/g1"))["amount_fen"] == 4000000
    await school.school(S1).post("disbursements", GRANT, expect=403)
    await school.school(S2).get(f"/v1/disbursements/{S1}/g1", expect=404)


async def test_a_grant_is_for_a_term_that_is_known(school: District) -> None:
    problem = await school.bureau.post("disbursements", {**GRANT, "term_id": "2031-2032-1"}, expect=422)
    assert (problem["errors"][0]["code"], problem["errors"][0]["pointer"]) == ("unknown_term", "/0/term_id")
