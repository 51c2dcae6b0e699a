"""Payments: what each person was really paid."""

from tests.world.district import District
from tests.world.lifecycle import goes_through_its_life
from tests.world.standard import S1, TERM

RUN = {
    "school_id": S1,
    "payment_id": "autumn",
    "period": TERM,
    "lines": [{"staff_id": "T1", "amount_fen": 482000, "paid_on": "2026-02-10"}],
}


async def test_a_payment_goes_through_its_life(school: District) -> None:
    corrected = {"lines": [{**RUN["lines"][0], "amount_fen": 481900}], "reason": "银行退回"}
    await goes_through_its_life(school.school(S1), "payments", RUN, change=corrected, path=f"{S1}/autumn")


async def test_an_amount_is_whole_fen(school: District) -> None:
    run = {**RUN, "lines": [{"staff_id": "T1", "amount_fen": 4820.5}]}
    problem = await school.school(S1).post("payments", run, expect=422)
    assert problem["errors"][0]["pointer"] == "/0/lines/0/amount_fen"
