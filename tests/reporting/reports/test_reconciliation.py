"""Reconciliation: ledger, publications, submission, review and payment of each person, differences first."""

import csv
from io import StringIO
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.reconciling import CHAINS, differences_of
from tests.world.district import District, Json
from tests.world.standard import PLAN, S1, S2, TERM, TUESDAY, duty, session

PATH = "/v1/reports/reconciliation"


def _line(staff_id: str, class_hours: float, amount_fen: int | None = None) -> Json:
    return {"staff_id": staff_id, "class_hours": class_hours} | ({"amount_fen": amount_fen} if amount_fen else {})


async def _told_term(school: District) -> None:
    """T1 agrees all along; T2's hours grow on paper; T3 is submitted and never worked; T4 is paid short; T5 is left out."""
    voice = school.school(S1)
    await voice.post("sessions", session("h1", staff={"T1": 1.5, "T2": 1.25, "T4": 2}))
    await voice.post("sessions", session("h2", service_date=TUESDAY, staff={"T5": 0.75}))
    await voice.post("duties", duty("d1", "T1", 0.5))
    month = [_line("T1", 2), _line("T2", 1.25), _line("T4", 2), _line("T5", 0.75)]
    term = [_line("T1", 2, 14500), _line("T2", 3.75, 27000), _line("T4", 2, 9600), _line("T5", 0.75, 6000)]
    await voice.post("publications", _publication("m", "monthly_workload", "2025-09", month))
    await voice.post("publications", _publication("t", "term_remuneration", TERM, term))
    submitted = [*term[:3], _line("T3", 1, 8000)]
    await voice.post("submissions", {"school_id": S1, "submission_id": "sub", "term_id": TERM, "lines": submitted})
    await school.bureau.post(
        "reviews",
        {
            "school_id": S1,
            "review_id": "r1",
            "submission_id": "sub",
            "decision": "adjusted",
            "reviewed_on": "2026-01-28",
            "lines": [{"staff_id": "T2", "class_hours": 1.25, "amount_fen": 9000}],
        },
    )
    paid = [("T1", 14500), ("T2", 9000), ("T3", 8000), ("T4", 9599)]
    lines = [{"staff_id": staff_id, "amount_fen": amount} for staff_id, amount in paid]
    await voice.post("payments", {"school_id": S1, "payment_id": "pay", "period": TERM, "lines": lines})


def _publication(publication_id: str, kind: str, period: str, lines: list[Json]) -> Json:
    return {"school_id": S1, "publication_id": publication_id, "kind": kind, "period": period, "lines": lines}


async def test_each_person_is_followed_from_the_ledger_to_the_payment(school: District) -> None:
    await _told_term(school)
    report = await school.auditor.report(PATH, school_id=S1, term_id=TERM)
    people = {item["staff_id"]: item for item in report["items"]}
    assert people["T1"]["agrees"]
    assert people["T1"]["ledger"] == {"class_hours": 2, "class_hours_hundredths": 200, "amount_fen": 14500}
    assert [people["T1"][source]["amount_fen"] for source in ("publication", "submission", "payment")] == [14500] * 3
    assert people["T2"]["differences"] == [
        {"of": "class_hours", "between": ["months", "publication"], "earlier": 1.25, "later": 3.75, "by": 2.5},
        {"of": "class_hours", "between": ["submission", "review"], "earlier": 3.75, "later": 1.25, "by": -2.5},
        # 1.25 × 80 × 0.6 yuan by the plan, for an assistant.
        {"of": "amount_fen", "between": ["ledger", "publication"], "earlier": 6000, "later": 27000, "by": 21000},
        {"of": "amount_fen", "between": ["submission", "review"], "earlier": 27000, "later": 9000, "by": -18000},
    ]
    # Who stands nowhere is absent there, and not at nought.
    assert people["T3"]["ledger"] is None
    assert people["T3"]["publication"] is None
    assert people["T3"]["differences"][0]["earlier"] is None
    assert people["T4"]["differences"] == [
        {"of": "amount_fen", "between": ["review", "payment"], "earlier": 9600, "later": 9599, "by": -1}
    ]
    assert people["T5"]["submission"] is None


async def test_work_that_no_plan_prices_is_no_pay_of_nought(school: District) -> None:
    await _told_term(school)
    whole = await school.auditor.report(PATH, school_id=S1, term_id=TERM)
    assert whole["totals"]["ledger"]["amount_fen"] == 14500 + 6000 + 9600 + 6000
    await school.school(S1).post("allocation-plans", PLAN | {"duty_rate_fen": {}})
    report = await school.auditor.report(PATH, school_id=S1, term_id=TERM)
    assert report["totals"]["ledger"] == {"class_hours": 6, "class_hours_hundredths": 600, "amount_fen": None}
    amounts = [each for item in report["items"] for each in item["differences"] if each["of"] == "amount_fen"]
    assert {each["between"][0] for each in amounts} == {"publication", "submission", "review"}


async def test_the_worst_comes_first_and_what_agrees_comes_last(school: District) -> None:
    await _told_term(school)
    report = await school.auditor.report(PATH, school_id=S1, term_id=TERM)
    assert [item["staff_id"] for item in report["items"]] == ["T2", "T3", "T5", "T4", "T1"]
    assert (report["people"], report["differing"]) == (5, 4)
    assert report["totals"]["ledger"]["class_hours"] == 6
    assert report["totals"]["months"] == {"class_hours": 6, "class_hours_hundredths": 600, "amount_fen": None}
    assert report["totals"]["submission"]["amount_fen"] == 59100
    assert report["totals"]["payment"] == {"class_hours": None, "class_hours_hundredths": None, "amount_fen": 41099}
    assert report["documents"]["payment"] == ["payments/pay#1"]
    only = await school.auditor.report(PATH, school_id=S1, term_id=TERM, differing="true", limit="3")
    rest = await school.auditor.report(
        PATH, school_id=S1, term_id=TERM, differing="true", limit="3", cursor=only["next_cursor"]
    )
    assert [item["staff_id"] for item in only["items"] + rest["items"]] == ["T2", "T3", "T5", "T4"]


async def test_what_is_not_posted_yet_is_no_difference(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5}))
    report = await school.auditor.report(PATH, school_id=S1, term_id=TERM)
    assert report["items"][0]["agrees"]
    assert set(report["documents"].values()) == {None}
    assert report["totals"]["submission"] is None


async def test_a_month_is_held_against_its_own_publication(school: District) -> None:
    await _told_term(school)
    await school.school(S1).post("publications", _publication("m", "monthly_workload", "2025-09", [_line("T1", 2)]))
    report = await school.school(S1).report(PATH, school_id=S1, month="2025-09")
    people = {item["staff_id"]: item for item in report["items"]}
    assert people["T1"]["agrees"]
    assert people["T2"]["differences"] == [
        {"of": "class_hours", "between": ["ledger", "publication"], "earlier": 1.25, "later": None, "by": -1.25}
    ]
    assert report["documents"]["publication"] == ["publications/m#2"]


async def test_the_report_of_then_is_what_the_ledger_knew_then(school: District) -> None:
    voice = school.school(S1)
    then = (await voice.post("sessions", session(staff={"T1": 1.5})))["recorded_at"]
    await _told_term(school)
    report = await school.auditor.report(PATH, school_id=S1, term_id=TERM, as_of=then)
    assert [(item["staff_id"], item["publication"]) for item in report["items"]] == [("T1", None)]


async def test_the_rows_behind_a_line_are_at_its_address(school: District) -> None:
    await _told_term(school)
    report = await school.auditor.report(PATH, school_id=S1, term_id=TERM, differing="true")
    path, _, query = report["items"][0]["rows"].partition("?")
    rows = await school.auditor.report(path, **dict(pair.split("=") for pair in query.split("&")))
    assert [item["session_id"] for item in rows["items"]] == ["h1"]


async def test_the_csv_has_a_line_a_person(school: District) -> None:
    await _told_term(school)
    answer = await school.auditor.read(PATH, school_id=S1, term_id=TERM, format="csv")
    lines = list(csv.DictReader(StringIO(answer.text.lstrip("\ufeff"))))
    assert lines[0]["staff_id"] == "T2"
    assert (lines[1]["ledger_class_hours"], lines[1]["payment_amount_fen"]) == ("", "8000")


async def test_a_school_that_is_not_the_readers_is_404(school: District) -> None:
    await school.school(S2).report(PATH, school_id=S1, term_id=TERM, expect=404)
    await school.auditor.report(PATH, school_id="district", term_id=TERM, expect=404)
    await school.voice("centre", stage="junior").report(PATH, school_id=S1, term_id=TERM, expect=404)
    await school.voice("centre", stage="primary").report(PATH, school_id=S1, term_id=TERM)


figures = st.one_of(st.none(), st.integers(0, 10**9))


@given(st.lists(figures, min_size=2, max_size=5))
def test_differences_lead_from_the_first_figure_to_the_last(said: list[int | None]) -> None:
    sources = CHAINS["class_hours_hundredths"][: len(said)]
    person = {
        source: {"class_hours_hundredths": value, "amount_fen": None}
        for source, value in zip(sources, said, strict=True)
        if value is not None
    }
    found = differences_of(person, {"class_hours_hundredths": sources})
    assert sum(each.by for each in found) == (said[-1] or 0) - (said[0] or 0)
    assert len(found) == sum(one != other for one, other in pairwise(said))
