"""Clawbacks: what is to come back and what came, line by line; the school reads its own."""

from typing import Any

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, S2, confirmed_finding, session

Json = dict[str, Any]

CASE = {
    "school_id": S1,
    "clawback_id": "b1",
    "amount_fen": 125000,
    "determined_on": "2025-11-03",
    "lines": [{"staff_id": "T1", "period": "2025-09", "amount_fen": 125000, "why": "重复计时"}],
    "legal_basis": "区专项经费管理办法",
    "ordered_on": "2025-11-10",
    "due_on": "2025-12-10",
    "instalments": [{"due_on": "2025-11-25", "amount_fen": 25000}, {"due_on": "2025-12-10", "amount_fen": 100000}],
}


@pytest.fixture
async def case(school: District) -> Json:
    """A case that rests on a confirmed finding."""
    return {**CASE, "finding_ids": [await confirmed_finding(school)]}


async def test_a_clawback_goes_through_its_life(school: District, case: Json) -> None:
    change = {
        "recovered": [{"recovered_on": "2025-11-24", "amount_fen": 25000, "voucher": "凭证17"}],
        "reason": "首期到账",
    }
    await goes_through_its_life(school.bureau, "clawbacks", case, change=change, path=f"{S1}/b1")


async def test_a_school_reads_its_own_case_and_another_school_does_not(school: District, case: Json) -> None:
    await school.bureau.post("clawbacks", case)
    assert (await school.school(S1).get(f"/v1/clawbacks/{S1}/b1"))["amount_fen"] == 125000
    await school.school(S2).get(f"/v1/clawbacks/{S1}/b1", expect=404)
    await school.school(S1).post("clawbacks", {**case, "amount_fen": 0}, expect=403)


async def test_what_is_to_come_back_is_not_negative_and_its_people_are_known(school: District, case: Json) -> None:
    problem = await school.bureau.post("clawbacks", {**case, "amount_fen": -1}, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/amount_fen"
    problem = await school.bureau.post(
        "clawbacks", {**case, "lines": [{"staff_id": "T77", "amount_fen": 1}]}, expect=422
    )
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_staff", "/0/lines/0/staff_id")


async def test_no_more_comes_back_than_was_determined(school: District, case: Json) -> None:
    parts = [{"recovered_on": "2025-11-24", "amount_fen": amount} for amount in (100000, 25000, -5000, 5001)]
    problem = await school.bureau.post("clawbacks", {**case, "recovered": parts}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("beyond_determined", "/0/recovered/3/amount_fen")
    assert "125001 fen" in problem["errors"][0]["detail"]
    await school.bureau.post("clawbacks", {**case, "recovered": parts[:3]})
    lowered = {**case, "recovered": parts[:3], "amount_fen": 119999, "reason": "复核"}
    await school.bureau.post("clawbacks", lowered, expect=422)


@pytest.mark.parametrize("decision", ["dismiss", "reopen"])
async def test_a_case_rests_on_findings_that_people_confirmed(school: District, case: Json, decision: str) -> None:
    (finding_id,) = case["finding_ids"]
    about = f"findings/{finding_id}/dispositions"
    for wrong, pointer in (([], "/0/finding_ids"), ([finding_id, "A12-0000000000000000"], "/0/finding_ids/1")):
        problem = await school.bureau.post("clawbacks", {**case, "finding_ids": wrong}, expect=422)
        assert problem["errors"][0]["pointer"] == pointer
    # Another school's finding is none of this one's.
    problem = await school.bureau.post("clawbacks", {**case, "school_id": S2, "lines": []}, expect=422)
    assert problem["code"] == "finding_not_confirmed"
    await school.bureau.post(about, {"kind": "reopen", "text": "有新材料"})
    if decision == "dismiss":
        await school.auditor.post(about, {"kind": "dismiss", "text": "已获批准", "reason_code": "permitted"})
    problem = await school.bureau.post("clawbacks", case, expect=422)
    assert problem["code"] == "finding_not_confirmed"
    assert await school.fetch("select from ledger.entry where resource = 'clawbacks'") == []


async def test_a_correction_afterwards_undoes_no_decision(school: District, case: Json) -> None:
    await school.bureau.post("clawbacks", case)
    await school.school(S1).post("sessions", session("nobody", headcount=0, staff={"T1": 0}, reason="更正"))
    await school.audit()
    (found,) = await school.fetch("select state from audit.finding where finding_id = $1", case["finding_ids"][0])
    assert found["state"] == "cleared"
    back = {"recovered": [{"recovered_on": "2025-11-24", "amount_fen": 125000}], "reason": "到账"}
    assert (await school.bureau.post("clawbacks", {**case, **back}))["revised"] == 1


@pytest.mark.parametrize("role", ["school", "own centre", "other centre", "auditor", "sandbox"])
async def test_money_is_recovered_by_the_bureau_alone(school: District, case: Json, role: str) -> None:
    voice = {
        "school": school.school(S1),
        "own centre": school.voice("centre", stage="primary"),
        "other centre": school.voice("centre", stage="junior"),
        "auditor": school.auditor,
        "sandbox": school.voice("sandbox", schools=["9999900001"]),
    }[role]
    problem = await voice.post("clawbacks", case, expect=403)
    assert problem["code"] == ("district_only" if "centre" in role else "missing_scope")
