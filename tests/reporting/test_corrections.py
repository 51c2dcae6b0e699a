"""What comes to light after a term is paid is a line of the next: once, with both reasons, to the fen."""

from typing import Any

from tests.world.district import District
from tests.world.paper import table_of, workbook
from tests.world.standard import MONDAY, S1, TERM, duty, session

SPRING, AUTUMN = "2025-2026-2", "2026-2027-1"
Json = dict[str, Any]


async def _terms(school: District) -> None:
    await school.bureau.post(
        "terms",
        {"term_id": SPRING, "starts_on": "2026-03-02", "ends_on": "2026-06-30"},
        {"term_id": AUTUMN, "starts_on": "2026-09-01", "ends_on": "2027-01-29", "holidays": [], "makeup_days": []},
    )
    await school.school(S1).post(
        "slots",
        *(
            {"school_id": S1, "term_id": term_id, "slot": "s1", "starts_at": "15:30", "ends_at": "16:30"}
            for term_id in (SPRING, AUTUMN)
        ),
    )


async def _pay(school: District, period: str, **amounts: int) -> None:
    """The school submits its statement of a term and pays it, or pays a month."""
    voice = school.school(S1)
    if len(period) > len("2025-09"):
        lines = [{"staff_id": staff_id, "class_hours": 1, "amount_fen": fen} for staff_id, fen in amounts.items()]
        await voice.post(
            "submissions", {"school_id": S1, "submission_id": f"sub-{period}", "term_id": period, "lines": lines}
        )
    paid = [{"staff_id": staff_id, "amount_fen": fen} for staff_id, fen in amounts.items()]
    await voice.post("payments", {"school_id": S1, "payment_id": f"pay-{period}", "period": period, "lines": paid})


async def _report(school: District, **period: str) -> Json:
    return await school.auditor.report("/v1/reports/compensation", school_id=S1, **period)


def _lines(report: Json) -> list[tuple[str, str, int, int, int]]:
    return [
        (line["staff_id"], line["corrects"], line["paid_fen"], line["due_fen"], line["amount_fen"])
        for slip in report["items"]
        for line in slip["corrections"]
    ]


async def test_a_record_that_changes_after_its_term_is_paid_is_corrected_in_the_next_term(school: District) -> None:
    await _terms(school)
    voice = school.school(S1)
    await voice.post("sessions", session("a", staff={"T1": 1}), session("b", slot="s2", staff={"T2": 1}))
    await _pay(school, TERM, T1=8000, T2=8000)
    assert _lines(await _report(school, term_id=SPRING)) == []
    await voice.post("sessions", session("a", staff={"T1": 1.5}, reason="漏记"))
    await voice.delete(f"/v1/sessions/{S1}/b", reason="误录")
    await voice.post("duties", duty(class_hours=1, reason="漏记"))
    await voice.post("sessions", session("s", service_date="2026-03-09", staff={"T1": 2}))
    report = await _report(school, term_id=SPRING)
    assert _lines(report) == [
        ("T1", TERM, 8000, 12000, 4000),
        ("T2", TERM, 8000, 0, -8000),
        ("T9", TERM, 0, 5000, 5000),
    ]
    assert (report["total_fen"], report["corrections_fen"], report["payable_fen"]) == (16000, 1000, 17000)
    first = report["items"][0]
    assert (first["amount_fen"], first["corrections_fen"], first["payable_fen"]) == (16000, 4000, 20000)
    (line,) = first["corrections"]
    assert (line["record_paid"], line["record"]) == (f"sessions/{S1}/a#1", f"sessions/{S1}/a#2")
    assert line["why"] == (
        f"corrects {TERM}, which is paid: it was 1 class hours × 80.00 yuan (homework guidance) = 80.00 yuan; "
        "it is 1.5 class hours × 80.00 yuan (homework guidance) = 120.00 yuan; difference 40.00 yuan"
    )
    # The term itself says what its work is worth, and is corrected by no line of its own.
    assert (await _report(school, term_id=TERM))["corrections_fen"] == 0


async def test_what_the_next_term_has_paid_for_is_not_corrected_again(school: District) -> None:
    await _terms(school)
    voice = school.school(S1)
    await voice.post("sessions", session("a", staff={"T1": 1}))
    await _pay(school, TERM, T1=8000)
    await voice.post("sessions", session("a", staff={"T1": 1.5}, reason="漏记"))
    await voice.post("sessions", session("s", service_date="2026-03-09", staff={"T1": 1}))
    await _pay(school, SPRING, T1=12000)
    await voice.post("sessions", session("a", staff={"T1": 2}, reason="再次核对"))
    await voice.post("sessions", session("s", service_date="2026-03-09", staff={"T1": 0.5}, reason="核对"))
    spring, autumn = await _report(school, term_id=SPRING), await _report(school, term_id=AUTUMN)
    assert _lines(spring) == [("T1", TERM, 8000, 12000, 4000)]
    assert _lines(autumn) == [("T1", TERM, 12000, 16000, 4000), ("T1", SPRING, 8000, 4000, -4000)]


async def test_a_payment_paid_for_what_was_submitted_not_for_what_came_between(school: District) -> None:
    await _terms(school)
    voice = school.school(S1)
    await voice.post("sessions", session("a", staff={"T1": 1}))
    line = {"staff_id": "T1", "class_hours": 1, "amount_fen": 8000}
    await voice.post("submissions", {"school_id": S1, "submission_id": "s", "term_id": TERM, "lines": [line]})
    await voice.post("sessions", session("a", staff={"T1": 1.5}, reason="漏记"))
    paid = {"staff_id": "T1", "amount_fen": 8000}
    await voice.post("payments", {"school_id": S1, "payment_id": "p", "period": TERM, "lines": [paid]})
    assert _lines(await _report(school, term_id=SPRING)) == [("T1", TERM, 8000, 12000, 4000)]


async def test_a_month_that_is_paid_is_corrected_in_the_next_months(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session("a", staff={"T1": 1}))
    await _pay(school, "2025-09", T1=8000)
    await voice.post("sessions", session("a", staff={"T1": 2}, reason="漏记"))
    assert _lines(await _report(school, month="2025-10")) == [("T1", "2025-09", 8000, 16000, 8000)]
    assert _lines(await _report(school, month="2025-09")) == []


async def test_a_plan_that_changes_after_the_payment_is_a_correction_of_every_line(school: District) -> None:
    await _terms(school)
    voice = school.school(S1)
    await voice.post("sessions", session("a", staff={"T1": 1, "T2": 1}))
    await _pay(school, TERM, T1=8000, T2=4800)
    rates = {"rate_fen_per_class_hour": {"*": 10000}, "factors": {"role": {"assistant": 0.6}}}
    await voice.post("allocation-plans", {"school_id": S1, "version": "v2", "effective_from": MONDAY, **rates})
    assert _lines(await _report(school, term_id=SPRING)) == [
        ("T1", TERM, 8000, 10000, 2000),
        ("T2", TERM, 4800, 6000, 1200),
    ]


async def test_a_term_that_nobody_paid_is_corrected_by_nothing(school: District) -> None:
    await _terms(school)
    await school.school(S1).post("sessions", session("a", staff={"T1": 1}))
    assert (await _report(school, term_id=SPRING))["payable_fen"] == 0


async def test_the_rows_of_the_csv_add_up_to_what_is_payable(school: District) -> None:
    await _terms(school)
    voice = school.school(S1)
    await voice.post("sessions", session("a", staff={"T1": 1}))
    await _pay(school, TERM, T1=8000)
    await voice.post("sessions", session("a", staff={"T1": 1.5}, reason="漏记"))
    await voice.post("sessions", session("s", service_date="2026-03-09", staff={"T1": 2}))
    answer = await school.auditor.read("/v1/reports/compensation", school_id=S1, term_id=SPRING, format="csv")
    assert answer.text.count(f",{TERM}\r\n") == 1
    assert [line.split(",")[0] for line in answer.text.splitlines()[1:]] == ["T1", "T1"]


async def test_the_sheet_of_the_next_term_has_what_is_payable_and_says_what_of_it_are_corrections(
    school: District,
) -> None:
    await _terms(school)
    voice = school.school(S1)
    await voice.post("sessions", session("a", staff={"T1": 1}), session("b", slot="s2", staff={"T2": 1}))
    await _pay(school, TERM, T1=8000, T2=8000)
    await voice.post("sessions", session("a", staff={"T1": 1.5}, reason="漏记"))
    await voice.delete(f"/v1/sessions/{S1}/b", reason="误录")
    await voice.post("sessions", session("s", service_date="2026-03-09", staff={"T1": 2}))
    report = await _report(school, term_id=SPRING)
    answer = await voice.read(
        "/v1/reports/compensation", school_id=S1, term_id=SPRING, format="xlsx", headers={"Accept-Language": "zh-CN"}
    )
    sheet = workbook(answer.content).worksheets[0]
    *lines, totals = table_of(sheet)
    fen = {line["人员编号"]: round(float(str(line["拟发放报酬（元）"])) * 100) for line in lines}
    assert fen == {slip["staff_id"]: slip["payable_fen"] for slip in report["items"]} == {"T1": 20_000, "T2": -8_000}
    assert round(float(str(totals["拟发放报酬（元）"])) * 100) == report["payable_fen"]
    assert any("补发或扣回合计 -40.00 元" in str(cell.value) for cell in sheet["A"])
