"""Discipline of recording: what of each school's service days is in the ledger, late, missing; the days' sums."""

import csv
from io import StringIO

from tests.world.district import District, Json
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, session, sheet


def _day(report: Json, school_id: str, date: str) -> Json:
    (school,) = [item for item in report["items"] if item["school_id"] == school_id]
    (day,) = [each for each in school["days"] if each["service_date"] == date]
    found: Json = day
    return found


async def _work(school: District) -> None:
    """S1 records Monday and closes it, says that there is no service on Tuesday; S2 records nothing."""
    voice = school.school(S1)
    await voice.post("sessions", session("h1", staff={"T1": 1.5}, headcount=3))
    await voice.post("attendance", sheet("h1", present=["P1", "P2", "P3"], absent=["P4"]))
    await voice.post("days", {"school_id": S1, "service_date": MONDAY, "state": "closed"})
    await voice.post("days", {"school_id": S1, "service_date": TUESDAY, "state": "no_service", "reason": "运动会"})
    await school.audit()


async def test_each_service_day_says_what_is_there(school: District) -> None:
    await _work(school)
    report = await school.bureau.report("/v1/reports/discipline", month="2025-09")
    monday = _day(report, S1, MONDAY)
    assert (monday["record"], monday["slots"], monday["class_hours"]) == ("closed", ["s1"], 1.5)
    assert (monday["sessions"], monday["rolled_sessions"], monday["came"], monday["pupils_missing"]) == (1, 1, 3, 1)
    assert _day(report, S1, TUESDAY)["record"] == "no_service"
    assert _day(report, S2, MONDAY) | {"record": "none", "sessions": None} == _day(report, S2, MONDAY)


async def test_the_days_add_up_over_the_schools(school: District) -> None:
    await _work(school)
    report = await school.bureau.report("/v1/reports/discipline", term_id=TERM)
    monday = next(date for date in report["dates"] if date["service_date"] == MONDAY)
    assert (monday["schools"], monday["records"]) == (2, {"closed": 1, "none": 1})
    assert (monday["came"], monday["pupils_missing"], monday["class_hours"]) == (3, 1, 1.5)
    untouched = next(date for date in report["dates"] if date["service_date"] == "2025-09-10")
    assert (untouched["came"], untouched["class_hours"]) == (None, None)


async def test_a_day_is_missing_or_late_as_the_audit_found_and_until_it_is_dismissed(school: District) -> None:
    await _work(school)
    voice = school.school(S1)
    # Wednesday is passed over: Thursday is there.
    await voice.post("sessions", session("h9", service_date="2025-09-11"))
    await school.audit()
    asked = {"month": "2025-09", "school_id": S1}
    wednesday = _day(await voice.report("/v1/reports/discipline", **asked), S1, "2025-09-10")
    assert (wednesday["record"], wednesday["findings"]) == ("missing", 1)
    (finding,) = await voice.findings(rule="A02")
    await school.auditor.post(
        f"findings/{finding['finding_id']}/dispositions",
        {"kind": "dismiss", "reason_code": "permitted", "text": "教研日，已批准"},
    )
    await school.audit()
    assert _day(await voice.report("/v1/reports/discipline", **asked), S1, "2025-09-10")["record"] == "none"


async def test_a_reader_sees_the_schools_that_are_theirs(school: District) -> None:
    await _work(school)
    of_s2 = await school.school(S2).report("/v1/reports/discipline", month="2025-09")
    assert [item["school_id"] for item in of_s2["items"]] == [S2]
    of_the_stage = await school.voice("centre", stage="primary").report("/v1/reports/discipline", month="2025-09")
    assert [item["school_id"] for item in of_the_stage["items"]] == [S1]
    by_stage = await school.bureau.report("/v1/reports/discipline", month="2025-09", stage="junior")
    assert [item["school_id"] for item in by_stage["items"]] == [S2]
    assert (await school.bureau.report("/v1/reports/discipline", month="2025-09", town="川沙新镇"))["items"] == []


async def test_it_is_also_a_sheet(school: District) -> None:
    await _work(school)
    answer = await school.bureau.read("/v1/reports/discipline", month="2025-09", school_id=S1, format="csv")
    rows = list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff"))))
    (monday,) = [row for row in rows if row["service_date"] == MONDAY]
    assert (monday["record"], monday["class_hours"], monday["came"]) == ("closed", "1.5", "3")
