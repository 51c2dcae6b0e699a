"""Compensation: every amount with its why, lines that add up, work without a price in plain sight."""

import csv
from io import StringIO
from typing import Any

from tests.world.district import District
from tests.world.standard import PLAN, S1, S2, TERM, TUESDAY, duty, session


async def _pay(school: District, **parameters: str) -> dict[str, Any]:
    return await school.auditor.report(
        "/v1/reports/compensation", **({"school_id": S1, "month": "2025-09"} | parameters)
    )


async def test_a_line_is_class_hours_times_rate_times_factors_and_says_so(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5, "T2": 1.25}))
    report = await _pay(school)
    amounts = {slip["staff_id"]: slip["amount_fen"] for slip in report["items"]}
    # 1.5 × 80.00 yuan; 1.25 × 80.00 × 0.6.
    assert amounts == {"T1": 12000, "T2": 6000}
    (line,) = report["items"][1]["lines"]
    assert (line["rate_fen"], line["factors"], line["plan_version"]) == (8000, {"role:assistant": 0.6}, "v1")
    assert line["why"] == "1.25 class hours × 80.00 yuan (homework guidance) × 0.6 (role: assistant) = 60.00 yuan"
    assert line["record"] == f"sessions/{S1}/h1#1"


async def test_the_why_is_in_the_language_that_was_asked_for(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5}))
    answer = await school.auditor.read(
        "/v1/reports/compensation", school_id=S1, month="2025-09", headers={"Accept-Language": "zh-CN"}
    )
    assert answer.json()["items"][0]["lines"][0]["why"] == "1.5 课时 × 80.00 元 (作业辅导) = 120.00 元"


async def test_lines_add_up_to_slips_and_slips_to_the_total(school: District) -> None:
    await school.school(S1).post(
        "sessions",
        *(session(f"h{n}", staff={f"T{n}": round(0.33 * n, 2), "R1": 0.11}, category="club") for n in range(1, 8)),
    )
    await school.school(S1).post("duties", duty(class_hours=1.01))
    report = await _pay(school)
    for slip in report["items"]:
        assert slip["amount_fen"] == sum(line["amount_fen"] for line in slip["lines"])
    assert report["total_fen"] == sum(slip["amount_fen"] for slip in report["items"])


async def test_over_the_budget_every_line_is_scaled_to_the_fen(school: District) -> None:
    await school.school(S1).post(
        "allocation-plans", {**PLAN, "version": "v2", "effective_from": "2025-09-02", "budget_fen": 10001}
    )
    await school.school(S1).post("sessions", *(session(f"h{n}", staff={f"T{n}": 1}) for n in range(1, 4)))
    report = await _pay(school)
    assert report["total_fen"] == 10001
    assert report["budget"]["budget_fen"] == 10001
    assert report["budget"]["scale"] < 1
    assert "budget scale" in report["items"][0]["lines"][0]["why"]


async def test_the_version_in_force_on_the_day_prices_the_work_of_the_day(school: District) -> None:
    dearer = {**PLAN, "version": "v2", "effective_from": TUESDAY, "rate_fen_per_class_hour": {"*": 10000}}
    await school.school(S1).post("allocation-plans", dearer)
    await school.school(S1).post("sessions", session("mon"), session("tue", service_date=TUESDAY))
    lines = (await _pay(school))["items"][0]["lines"]
    assert [(line["plan_version"], line["amount_fen"]) for line in lines] == [("v1", 12000), ("v2", 15000)]


async def test_work_without_a_plan_is_listed_and_never_worth_nothing_in_silence(school: District) -> None:
    await school.school(S2).post("sessions", session(school_id=S2, staff={"U1": 1}))
    report = await _pay(school, school_id=S2)
    assert report["items"] == []
    assert [(item["staff_id"], item["reason"]) for item in report["unpriced"]] == [("U1", "no_plan_in_force")]


async def test_the_pay_of_then_is_by_what_the_ledger_knew_then(school: District) -> None:
    first = await school.school(S1).post("sessions", session(staff={"T1": 1}))
    await school.school(S1).post("sessions", session(staff={"T1": 1.5}))
    assert (await _pay(school, as_of=first["recorded_at"]))["total_fen"] == 8000
    assert (await _pay(school))["total_fen"] == 12000


async def test_the_csv_has_a_line_a_record_with_its_why(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5, "T2": 1.25}))
    answer = await school.auditor.read("/v1/reports/compensation", school_id=S1, term_id=TERM, format="csv")
    lines = list(csv.DictReader(StringIO(answer.text.lstrip("\ufeff"))))
    assert [(line["staff_id"], line["amount_fen"]) for line in lines] == [("T1", "12000"), ("T2", "6000")]
    assert "×" in lines[0]["why"]


async def test_the_quality_that_the_terms_evaluation_grants_is_weighed(school: District) -> None:
    voice = school.school(S1)
    weighed = {**PLAN, "version": "v2", "effective_from": "2025-09-02", "factors": {"quality": {"优秀": 1.25}}}
    await voice.post("allocation-plans", weighed)
    await voice.post("sessions", session(staff={"T1": 1, "T2": 1}))
    grades = [{"staff_id": "T1", "quality": "优秀"}, {"staff_id": "T2", "quality": "合格"}]
    await voice.post("evaluations", {"school_id": S1, "evaluation_id": "e", "term_id": TERM, "grades": grades})
    report = await _pay(school)
    assert {slip["staff_id"]: slip["amount_fen"] for slip in report["items"]} == {"T1": 10000, "T2": 8000}
    assert "1.25 (quality: 优秀)" in report["items"][0]["lines"][0]["why"]


async def test_one_persons_slip_is_asked_for_and_the_totals_stay_everybodys(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5, "T2": 1.25}))
    report = await _pay(school, staff_id="T2")
    assert [slip["staff_id"] for slip in report["items"]] == ["T2"]
    assert (report["people"], report["total_fen"]) == (2, 18000)


async def test_who_has_the_answer_is_told_that_it_still_holds_until_a_record_comes(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5, "T2": 1.25}))
    asked = {"school_id": S1, "month": "2025-09"}
    first = await school.auditor.read("/v1/reports/compensation", **asked)
    known = {"If-None-Match": first.headers["etag"]}
    again = await school.auditor.read("/v1/reports/compensation", headers=known, **asked)
    assert (again.status_code, again.content) == (304, b"")
    await school.school(S1).post("duties", duty())
    changed = await school.auditor.read("/v1/reports/compensation", headers=known, **asked)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_the_next_page_is_linked(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5, "T2": 1.25}))
    page = await school.auditor.read("/v1/reports/compensation", school_id=S1, month="2025-09", limit="1")
    assert page.headers["link"].endswith('; rel="next"')
