"""Funds: granted, booked, stated, accepted and paid of a term, by school; arrears person by person."""

from tests.world.district import District, Json
from tests.world.standard import S1, S2, TERM

PATH = "/v1/reports/funds"


async def _money(school: District) -> None:
    """S1 states 500.00 + 300.00, is cut by 50.00, and pays T1 40.00 short and T2 1.00 too much."""
    voice = school.school(S1)
    await school.bureau.post(
        "disbursements",
        {"school_id": S1, "disbursement_id": "g1", "term_id": TERM, "amount_fen": 90000, "paid_on": "2025-12-01"},
    )
    lines = [
        {"staff_id": "T1", "class_hours": 6, "amount_fen": 50000},
        {"staff_id": "T2", "class_hours": 4, "amount_fen": 30000},
    ]
    await voice.post("submissions", {"school_id": S1, "submission_id": "s", "term_id": TERM, "lines": lines})
    review: Json = {"school_id": S1, "review_id": "r", "submission_id": "s", "reviewed_on": "2026-01-20"}
    adjusted = [{"staff_id": "T1", "amount_fen": 45000}]
    await school.bureau.post("reviews", {**review, "decision": "adjusted", "lines": adjusted})
    paid = [{"staff_id": "T1", "amount_fen": 41000, "paid_on": "2026-01-25"}, {"staff_id": "T2", "amount_fen": 30100}]
    await voice.post("payments", {"school_id": S1, "payment_id": "p", "period": TERM, "lines": paid})
    book = [("receipt", "subsidy", 90000), ("spending", "remuneration", 71100), ("spending", "materials", 5000)]
    await voice.post(
        "fund-lines",
        *(
            {
                "school_id": S1, "line_id": f"l{n}", "booked_on": "2026-01-26", "direction": direction,
                "category": category, "amount_fen": amount,
            }
            for n, (direction, category, amount) in enumerate(book)
        ),
    )  # fmt: skip


async def test_the_subsidy_is_followed_from_the_grant_to_each_persons_pay(school: District) -> None:
    await _money(school)
    report = await school.bureau.report(PATH, term_id=TERM)
    one, other = report["items"]
    amounts = {name: one[name] for name in ("disbursed_fen", "received_fen", "spent_fen", "balance_fen")}
    assert amounts == {"disbursed_fen": 90000, "received_fen": 90000, "spent_fen": 76100, "balance_fen": 13900}
    assert one["spent_by_category"] == {"remuneration": 71100, "materials": 5000}
    assert (one["stated_fen"], one["accepted_fen"], one["paid_fen"]) == (80000, 75000, 71100)
    # What one is paid short and what another is paid too much do not cancel.
    assert (one["arrears_fen"], one["people_in_arrears"], one["overpaid_fen"]) == (4000, 1, 100)
    assert one["paid_on"] == "2026-01-25"
    assert (other["disbursed_fen"], other["paid_fen"], other["arrears_fen"]) == (None, None, None)


async def test_what_a_pupil_got_is_compared_by_town_and_stage(school: District) -> None:
    await _money(school)
    report = await school.bureau.report(PATH, term_id=TERM)
    by_stage = {each["stage"]: (each["enrolled"], each["disbursed_per_pupil_fen"]) for each in report["by_stage"]}
    assert by_stage == {"primary": (40, 2250), "junior": (10, None)}
    assert report["totals"]["disbursed_per_pupil_fen"] == 2250
    assert [each["town"] for each in report["by_town"]] == ["张江镇"]


async def test_a_school_sees_its_own_money_and_a_centre_its_stages(school: District) -> None:
    await _money(school)
    own = await school.school(S2).report(PATH, term_id=TERM)
    assert [item["school_id"] for item in own["items"]] == [S2]
    await school.school(S2).report(PATH, term_id=TERM, school_id=S1, expect=404)
    centre = await school.voice("centre", stage="primary").report(PATH, term_id=TERM)
    assert centre["totals"]["paid_fen"] == 71100
    assert (await school.bureau.read(PATH, term_id=TERM, format="csv")).text.count("\n") == 3
