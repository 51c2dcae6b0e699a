"""The district at a glance: sums that add up over schools, stages, categories and weeks, each with the address of its rows."""

from itertools import pairwise

import httpx

from tests.world.district import District, Json, Voice
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, duty, school_of, session, sheet

PATH = "/v1/reports/district"


async def _two_schools(school: District) -> None:
    """S1: homework for P1…P4, arts for P1 and P2, a duty; one session of TUESDAY without a roll. S2: sports for Q1…Q3."""
    first, second = school.school(S1), school.school(S2)
    await first.post(
        "sessions",
        session("h1", headcount=4, staff={"T1": 1.5}),
        session("a1", headcount=2, slot="s2", category="arts", staff={"T2": 1.25, "T3": 0.75}),
        session("h2", headcount=9, service_date=TUESDAY, staff={"T1": 1}),
        session("x1", headcount=0, slot="s2", category="arts", state="cancelled", reason="停电", service_date=TUESDAY),
    )
    await first.post("attendance", sheet("h1", present=["P1", "P2"], late=["P3"], left_early=["P4"], absent=["P5"]))
    await first.post("attendance", sheet("a1", present=["P1", "P2"]))
    await first.post("duties", duty(class_hours=0.5))
    sports = session("p1", headcount=3, category="sports", staff={"U1": 2}) | {"school_id": S2}
    await second.post("sessions", sports)
    await second.post("attendance", sheet("p1", present=["Q1", "Q2", "Q3"]) | {"school_id": S2})


async def test_the_sums_are_those_of_the_ledger_before_and_after_the_audit(school: District) -> None:
    await _two_schools(school)
    before = await school.auditor.report(PATH, term_id=TERM)
    await school.audit()
    after = await school.auditor.report(PATH, term_id=TERM)
    for report in (before, after):
        totals = report["totals"]
        assert (totals["sessions"], totals["cancelled"], totals["sessions_without_roll"]) == (4, 1, 1)
        assert (totals["class_hours"], totals["headcount"], totals["attendances"]) == (7, 18, 9)
        # Four of forty on Monday at S1, three of ten at S2; nobody knows who came on Tuesday.
        assert totals["participation"] == {"pupil_days": 7, "enrolled_days": 50, "rate": 0.14}
        assert totals["quality_activity"] == {"pupil_weeks": 7, "with_quality_activity": 5, "rate": round(5 / 7, 4)}
        assert {each["stage"]: each["class_hours"] for each in report["by_stage"]} == {"primary": 5, "junior": 2}
        categories = {each["category"]: (each["sessions"], each["class_hours"]) for each in report["by_category"]}
        assert categories == {"homework": (2, 2.5), "arts": (1, 2), "sports": (1, 2), "duty": (0, 0.5)}
    assert before["by_category"] == after["by_category"]
    assert before["series"] == after["series"]


async def test_a_correction_counts_before_the_audit_has_seen_it(school: District) -> None:
    await _two_schools(school)
    await school.audit()
    await school.school(S1).post("sessions", session("h1", headcount=4, staff={"T1": 3.25}))
    await school.school(S1).post("attendance", sheet("h1", present=["P1"]))
    totals = (await school.auditor.report(PATH, month="2025-09"))["totals"]
    assert (totals["class_hours"], totals["attendances"]) == (8.75, 6)
    assert totals["quality_activity"]["pupil_weeks"] == 5
    await school.audit()
    assert (await school.auditor.report(PATH, month="2025-09"))["totals"]["quality_activity"]["pupil_weeks"] == 5


async def test_pupils_who_are_registered_later_count_before_the_audit_has_seen_them(school: District) -> None:
    await _two_schools(school)
    await school.audit()
    more = [{"student_id": f"N{n}", "school_id": S2, "grade": 7, "enrolled_from": MONDAY} for n in range(5)]
    gone = {"student_id": "Q9", "school_id": S2, "grade": 7, "enrolled_to": "2025-09-07"}
    await school.school(S2).post("students", *more, gone)
    for _ in range(2):
        report = await school.auditor.report(PATH, month="2025-09", stage="junior")
        assert report["totals"]["participation"]["enrolled_days"] == 10 + 5 - 1
        await school.audit()


async def test_cost_is_the_stated_pay_by_pupil_attendance(school: District) -> None:
    await _two_schools(school)
    lines = [
        {"staff_id": "T1", "class_hours": 3, "amount_fen": 10001},
        {"staff_id": "T2", "class_hours": 1, "amount_fen": 2000},
    ]
    await school.school(S1).post(
        "submissions", {"school_id": S1, "submission_id": "s", "term_id": TERM, "lines": lines}
    )
    report = await school.auditor.report(PATH, term_id=TERM)
    assert report["totals"]["cost"] == {
        "amount_fen": 12001,
        "attendances": 6,
        "per_attendance_fen": round(12001 / 6, 2),
        "schools_without_statement": 1,
    }
    costs = {each["stage"]: each["cost"]["amount_fen"] for each in report["by_stage"]}
    assert costs == {"primary": 12001, "junior": None}


async def test_the_days_add_up_to_the_weeks_and_the_weeks_to_the_whole(school: District) -> None:
    await _two_schools(school)
    for interval in ("day", "week", "month"):
        report = await school.auditor.report(PATH, term_id=TERM, interval=interval)
        for name in ("sessions", "class_hours", "attendances"):
            assert sum(each[name] for each in report["series"]) == report["totals"][name]
        assert sum(each["participation"]["pupil_days"] for each in report["series"]) == 7
        assert all(one["to"] < other["from"] for one, other in pairwise(report["series"]))


async def test_missing_and_late_days_and_findings_are_counted_where_they_are(school: District) -> None:
    await _two_schools(school)
    await school.school(S1).post("sessions", session("h9", headcount=1, service_date="2025-09-11"))
    await school.school(S1).post("attendance", sheet("h9", present=["P1"], service_date="2025-09-11"))
    await school.audit()
    report = await school.auditor.report(PATH, month="2025-09")
    by_school = {item["school_id"]: item for item in report["items"]}
    found = await school.auditor.findings(school_id=S1)
    assert found
    assert by_school[S1]["findings"]["open"] == len(found)
    missing = {each["service_date"] for each in found if each["rule"] == "A02"}
    assert by_school[S1]["discipline"]["missing_days"] == len(missing)
    assert sum(each["findings"] for each in report["findings"]) == report["totals"]["findings"]["open"]


async def _rows(voice: Voice, address: str) -> list[Json]:
    url = httpx.URL(address)
    answer = await voice.read(url.path, **url.params, limit="1000")
    assert answer.status_code == 200, address
    rows: list[Json] = answer.json().get("items", [])
    return rows


async def test_a_nine_year_school_is_a_group_of_its_own_with_its_own_rows(school: District) -> None:
    await _two_schools(school)
    await school.bureau.post("schools", {**school_of("3101150003", "primary"), "stages": ["primary", "junior"]})
    report = await school.auditor.report(PATH, month="2025-09")
    groups = {each["stage"]: each for each in report["by_stage"]}
    assert {stage: each["schools"] for stage, each in groups.items()} == {"primary": 1, "junior": 1, "nine_year": 1}
    for stage, each in groups.items():
        assert [row["stage"] for row in await _rows(school.auditor, each["rows"])] == [stage]
    of_primary = await school.auditor.report(PATH, month="2025-09", stage="primary")
    assert [item["school_id"] for item in of_primary["items"]] == [S1, "3101150003"]


async def test_it_holds_no_pay_of_a_person_and_no_pupil(school: District) -> None:
    await _two_schools(school)
    await school.audit()
    answer = await school.bureau.read(PATH, term_id=TERM)
    assert answer.status_code == 200
    for person in ("T1", "U1", "P1", "Q1", "staff_id", "student_id"):
        assert f'"{person}"' not in answer.text


async def test_a_centre_sees_its_stage_and_a_school_itself(school: District) -> None:
    await _two_schools(school)
    await school.audit()
    for voice, seen in (
        (school.voice("centre", stage="junior"), [S2]),
        (school.school(S1), [S1]),
        (school.bureau, [S1, S2]),
    ):
        report = await voice.report(PATH, term_id=TERM)
        assert [item["school_id"] for item in report["items"]] == seen
    assert (await school.school(S1).report(PATH, term_id=TERM))["inspections"] is None
    assert {each["stage"] for each in (await school.bureau.report(PATH, term_id=TERM))["inspections"]} == {
        "primary",
        "junior",
    }


async def test_what_has_not_changed_is_304(school: District) -> None:
    await _two_schools(school)
    first = await school.bureau.read(PATH, term_id=TERM)
    known = {"If-None-Match": first.headers["etag"]}
    assert (await school.bureau.read(PATH, term_id=TERM, headers=known)).status_code == 304
    await school.school(S1).post("duties", duty("d7"))
    assert (await school.bureau.read(PATH, term_id=TERM, headers=known)).status_code == 200


async def test_the_csv_has_a_line_a_school_and_pages_follow_one_another(school: District) -> None:
    await _two_schools(school)
    answer = await school.auditor.read(PATH, term_id=TERM, format="csv")
    assert [line.split(",")[0].strip() for line in answer.text.lstrip("\ufeff").splitlines()] == ["school_id", S1, S2]
    page = await school.auditor.report(PATH, term_id=TERM, limit="1")
    following = await school.auditor.report(PATH, term_id=TERM, limit="1", cursor=page["next_cursor"])
    assert [item["school_id"] for item in page["items"] + following["items"]] == [S1, S2]
    assert following["totals"] == page["totals"] | {"rows": following["totals"]["rows"]}
