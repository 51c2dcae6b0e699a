"""A school at a glance: its sums, and the calendar of what its ledger has day by day."""

from collections import Counter

from tests.world.district import District
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, duty, session, sheet
from tests.world.weeks import Weeks, _records, serve_weeks


async def test_the_figures_of_weeks_are_those_of_their_rolls(school: District) -> None:
    await serve_weeks(school, days=8, classes=3, pupils=7, missing=20, slots=("s1", "s2"))
    posted = _records(Weeks(days=8, classes=3, pupils=7, missing=20, slots=("s1", "s2")))
    came, pupil_days, pupil_weeks = 0, set(), set()
    for roll in posted["attendance"]:
        here = [*roll["present"], *roll.get("late", []), *roll.get("left_early", [])]
        came += len(here)
        pupil_days |= {(roll["service_date"], pupil) for pupil in here}
        pupil_weeks |= {(roll["service_date"] > "2025-09-05", pupil) for pupil in here}
    hours = sum(member["class_hours"] for each in posted["sessions"] for member in each["staff"])
    for _ in range(2):
        totals = (await school.school(S1).report(f"/v1/reports/schools/{S1}", term_id=TERM))["totals"]
        assert (totals["sessions"], totals["attendances"], totals["class_hours"]) == (48, came, hours)
        assert totals["participation"]["pupil_days"] == len(pupil_days)
        # P1…P40 are enrolled beside the three classes of seven.
        assert totals["participation"]["enrolled_days"] == 8 * (40 + 21)
        assert totals["quality_activity"]["pupil_weeks"] == len(pupil_weeks)
        await school.audit()


async def test_the_calendar_tells_missing_days_from_those_without_service(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session("h1", staff={"T1": 1.25}), session("h2", service_date="2025-09-12"))
    await voice.post("attendance", sheet("h1", present=3))
    await voice.post("days", {"school_id": S1, "service_date": MONDAY, "state": "closed"})
    await voice.post("days", {"school_id": S1, "service_date": TUESDAY, "state": "no_service", "reason": "台风"})
    await school.audit()
    report = await voice.report(f"/v1/reports/schools/{S1}", month="2025-09")
    days = {day["service_date"]: day for day in report["calendar"]}
    assert (days[MONDAY]["state"], days[MONDAY]["class_hours"], days[MONDAY]["attendances"]) == ("closed", 1.25, 3)
    assert (days[TUESDAY]["state"], days[TUESDAY]["reason"]) == ("no_service", "台风")
    # Nothing is not nought.
    assert (days["2025-09-10"]["state"], days["2025-09-10"]["sessions"]) == ("missing", None)
    assert days["2025-09-12"]["state"] == "recorded"
    assert days["2025-09-12"]["recorded_on"] is not None
    states = Counter(day["state"] for day in report["calendar"] if day["is_service_day"])
    assert report["completeness"] == {"service_days": 23, **states}


async def test_the_profile_has_who_is_enrolled_and_what_is_found(school: District) -> None:
    await school.school(S1).post("sessions", session("h1"))
    await school.school(S1).post("duties", duty())
    await school.audit()
    report = await school.bureau.report(f"/v1/reports/schools/{S1}", term_id=TERM)
    assert (report["name"], report["stage"], report["enrolled"]) == ("学校1", "primary", {"3": 40})
    assert report["chain"]["seq"] > 0
    assert [each["category"] for each in report["by_category"]] == ["duty", "homework"]


async def test_a_school_that_is_not_the_readers_is_404(school: District) -> None:
    await school.school(S2).report(f"/v1/reports/schools/{S1}", term_id=TERM, expect=404)
    await school.voice("centre", stage="junior").report(f"/v1/reports/schools/{S1}", term_id=TERM, expect=404)
    await school.bureau.report("/v1/reports/schools/3101159999", term_id=TERM, expect=404)


async def test_the_csv_is_the_calendar(school: District) -> None:
    await school.school(S1).post("sessions", session("h1"))
    answer = await school.school(S1).read(f"/v1/reports/schools/{S1}", month="2025-09", format="csv")
    lines = answer.text.lstrip("\ufeff").splitlines()
    assert lines[0].startswith("service_date,state")
    assert f"{MONDAY},recorded" in answer.text
