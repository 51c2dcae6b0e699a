"""Workload: each person's dates and class hours, by slot, category and role; as of an instant; JSON and CSV."""

import csv
from io import StringIO

from tests.world.district import District
from tests.world.standard import S1, S2, TERM, TUESDAY, duty, session


async def _work(school: District) -> str:
    """T1 works 2.75 class hours on two days, T9 has a duty; returns the instant after the first batch."""
    voice = school.school(S1)
    first = await voice.post("sessions", session("h1", staff={"T1": 1.5, "T2": 0.75}))
    await voice.post("sessions", session("h2", slot="s2", category="arts", service_date=TUESDAY, staff={"T1": 1.25}))
    await voice.post("duties", duty(class_hours=2))
    recorded_at: str = first["recorded_at"]
    return recorded_at


async def test_each_persons_month_adds_up_by_slot_category_and_role(school: District) -> None:
    await _work(school)
    report = await school.school(S1).report("/v1/reports/workload", school_id=S1, month="2025-09")
    by_staff = {item["staff_id"]: item for item in report["items"]}
    assert by_staff["T1"] == {
        "staff_id": "T1",
        "dates": ["2025-09-08", "2025-09-09"],
        "class_hours": 2.75,
        "by_slot": {"s1": 1.5, "s2": 1.25},
        "by_category": {"arts": 1.25, "homework": 1.5},
        "by_role": {"lead": 2.75},
    }
    assert by_staff["T2"]["by_role"] == {"assistant": 0.75}
    assert by_staff["T9"]["class_hours"] == 2


async def test_a_reader_sees_what_was_just_written_without_waiting_for_the_audit(school: District) -> None:
    await _work(school)
    chain = await school.school(S1).get(f"/v1/chains/{S1}")
    report = await school.auditor.report("/v1/reports/workload", school_id=S1, term_id=TERM)
    assert len(report["items"]) == 3
    assert report["chain"] == {"school_id": S1, "seq": chain["length"], "head": chain["head"]}


async def test_the_report_of_then_is_what_the_ledger_knew_then(school: District) -> None:
    then = await _work(school)
    report = await school.auditor.report("/v1/reports/workload", school_id=S1, month="2025-09", as_of=then)
    assert {item["staff_id"]: item["class_hours"] for item in report["items"]} == {"T1": 1.5, "T2": 0.75}


async def test_a_cancelled_session_is_no_work(school: District) -> None:
    await school.school(S1).post("sessions", session(state="cancelled", headcount=0, reason="停电"))
    report = await school.auditor.report("/v1/reports/workload", school_id=S1, month="2025-09")
    assert report["items"] == []


async def test_pages_follow_one_another(school: District) -> None:
    await _work(school)
    seen, cursor = [], ""
    while True:
        page = await school.auditor.report(
            "/v1/reports/workload", school_id=S1, month="2025-09", limit="1", **({"cursor": cursor} if cursor else {})
        )
        seen += [item["staff_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["T1", "T2", "T9"]


async def test_the_csv_has_a_line_a_person(school: District) -> None:
    await _work(school)
    answer = await school.auditor.read(
        "/v1/reports/workload", school_id=S1, month="2025-09", headers={"Accept": "text/csv"}
    )
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(StringIO(answer.text.lstrip("\ufeff"))))
    assert {line["staff_id"]: line["class_hours"] for line in lines}["T1"] == "2.75"


async def test_a_period_is_a_month_or_a_term_and_not_both(school: District) -> None:
    for period in ({}, {"month": "2025-09", "term_id": TERM}, {"month": "2025-13"}):
        await school.auditor.report("/v1/reports/workload", school_id=S1, expect=422, **period)
    await school.auditor.report("/v1/reports/workload", school_id=S1, term_id="2030-2031-1", expect=404)


async def test_an_unknown_school_is_404(school: District) -> None:
    await school.auditor.report("/v1/reports/workload", school_id="3101159999", month="2025-09", expect=404)
    await school.school(S2).report("/v1/reports/workload", school_id=S1, month="2025-09", expect=404)


async def test_a_month_beyond_the_calendar_is_a_problem(school: District) -> None:
    for month in ("0000-01", "9999-12", "2025-13"):
        await school.auditor.report("/v1/reports/workload", school_id=S1, month=month, expect=422)


async def test_who_has_the_answer_is_told_that_it_still_holds_until_a_record_comes(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5, "T2": 1.25}))
    asked = {"school_id": S1, "month": "2025-09"}
    first = await school.auditor.read("/v1/reports/workload", **asked)
    known = {"If-None-Match": first.headers["etag"]}
    again = await school.auditor.read("/v1/reports/workload", headers=known, **asked)
    assert (again.status_code, again.content) == (304, b"")
    await school.school(S1).post("duties", duty())
    changed = await school.auditor.read("/v1/reports/workload", headers=known, **asked)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_the_next_page_is_linked(school: District) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5, "T2": 1.25}))
    page = await school.auditor.read("/v1/reports/workload", school_id=S1, month="2025-09", limit="1")
    assert page.headers["link"].endswith('; rel="next"')
