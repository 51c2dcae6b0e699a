"""Clawbacks: what is to come back and what came, line by line; the school reads its own."""

from typing import Any

import pytest

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.procedure import CLAWBACK_STORY, begin, digest_of, lead, move, step
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


async def _ordered(school: District, *, expect: int = 200, **change: Any) -> Json:
    bureau = school.bureau
    posted = await bureau.get("/v1/clawbacks/b")
    await bureau.post("clawbacks", {**CLAWBACK_STORY.record, "finding_ids": posted["finding_ids"], **change})
    facts: Json = {"legal_basis": "三(七)", "ordered_by": "finance", "due_on": "2025-12-01", "on": "2025-10-05"}
    content_hash = await digest_of(bureau, "clawbacks/b")
    return await step(bureau, "clawbacks/b", "order", expect=expect, content_hash=content_hash, **facts)


@pytest.mark.parametrize("amounts", [(12001,), (5000, 7001), (12000, 1)])
async def test_no_more_comes_back_step_by_step_than_was_determined(school: District, amounts: tuple[int, ...]) -> None:
    await lead(school, CLAWBACK_STORY, to="ordered")
    *first, last = amounts
    for number, fen in enumerate(first):
        await step(school.bureau, "clawbacks/b", "recover", recovered_fen=fen, voucher=f"收{number}", on="2025-10-20")
    problem = await step(school.bureau, "clawbacks/b", "recover", expect=409, recovered_fen=last, voucher="收9")
    assert problem["code"] == ("no_such_transition" if sum(first) == 12000 else "not_ready")
    shown = await school.bureau.get("/v1/clawbacks/b")
    assert sum(each["amount_fen"] for each in shown["recovered"]) == sum(first)


@pytest.mark.parametrize("fen", [0, -5])
async def test_what_comes_back_is_something(school: District, fen: int) -> None:
    await lead(school, CLAWBACK_STORY, to="ordered")
    expect = 422 if fen == 0 else 409
    await step(school.bureau, "clawbacks/b", "recover", expect=expect, recovered_fen=fen, voucher="收1")


async def test_nothing_is_recovered_without_a_decision(school: District) -> None:
    await begin(school, CLAWBACK_STORY)
    problem = await step(school.bureau, "clawbacks/b", "recover", expect=409, recovered_fen=1, voucher="收1")
    assert (problem["code"], problem["possible"]) == ("no_such_transition", ["order", "refer"])


async def test_nothing_is_ordered_on_a_finding_that_is_confirmed_no_more(school: District) -> None:
    await begin(school, CLAWBACK_STORY)
    (finding_id,) = (await school.bureau.get("/v1/clawbacks/b"))["finding_ids"]
    await school.auditor.post(f"findings/{finding_id}/dispositions", {"kind": "reopen", "text": "再核"})
    order = CLAWBACK_STORY.moves[0]
    assert (await move(school, CLAWBACK_STORY, order, expect=409))["code"] == "not_ready"
    await school.auditor.post(f"findings/{finding_id}/dispositions", {"kind": "confirm"})
    assert (await move(school, CLAWBACK_STORY, order))["state"] == "ordered"


async def test_its_lines_add_up_to_its_amount(school: District) -> None:
    await begin(school, CLAWBACK_STORY)
    line = {"staff_id": "T1", "amount_fen": 11999}
    assert (await _ordered(school, expect=409, lines=[line]))["code"] == "not_ready"
    assert (await _ordered(school, lines=[{**line, "amount_fen": 12000}]))["state"] == "ordered"


async def test_an_amount_that_is_changed_after_the_decision_is_decided_anew(school: District) -> None:
    await lead(school, CLAWBACK_STORY, to="ordered")
    now = await school.bureau.get("/v1/clawbacks/b")
    kept = {name: now[name] for name in ("finding_ids", "ordered_on", "legal_basis", "due_on")}
    await school.bureau.post("clawbacks", {**CLAWBACK_STORY.record, **kept, "amount_fen": 99999})
    assert (await school.bureau.get("/v1/clawbacks/b"))["state"] == "proposed"
    problem = await step(school.bureau, "clawbacks/b", "recover", expect=409, recovered_fen=1, voucher="收1")
    assert problem["code"] == "no_such_transition"


async def test_a_case_that_was_handed_on_is_read_and_no_more(school: District) -> None:
    await lead(school, CLAWBACK_STORY, to="ordered")
    handed: Json = {"receiver": "区纪检", "why": "数额较大", "on": "2025-10-08"}
    assert (await step(school.bureau, "clawbacks/b", "refer", **handed))["state"] == "referred"
    shown = await school.bureau.get("/v1/clawbacks/b")
    assert (shown["referral"]["receiver"], shown["possible"]) == ("区纪检", [])
    await move(school, CLAWBACK_STORY, CLAWBACK_STORY.moves[1], expect=409)


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
