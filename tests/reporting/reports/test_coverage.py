"""Coverage: whom the centres have inspected and who is left; who takes part, and in a quality activity, week by week."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.visits import forecast
from tests.world.district import District, Json
from tests.world.standard import S1, S2, TERM, TUESDAY, YEAR, school_of, session, sheet

PATH = "/v1/reports/coverage"
S3 = "3101150003"


def _visit(school_id: str, inspection_id: str, **given: object) -> Json:
    return {
        "school_id": school_id,
        "inspection_id": inspection_id,
        "kind": "spot_check",
        "date": "2025-10-15",
        "conclusion": "正常",
        **given,
    }


async def test_who_was_visited_and_who_is_left_stage_by_stage(school: District) -> None:
    await school.bureau.post("schools", {**school_of(S3, "primary"), "stages": ["primary", "junior"]})
    await school.bureau.post(
        "inspections",
        _visit(S1, "i1", office="primary_centre"),
        _visit(S1, "i2", office="primary_centre", date="2025-11-03"),
        # Under way; the bureau's own; of the year before.
        _visit(S2, "i3", conclusion=None),
        _visit(S2, "i4", kind="unannounced"),
        _visit(S2, "i5", date="2025-08-31"),
        _visit(S3, "i6", office="junior_centre"),
    )
    report = await school.bureau.report(PATH, academic_year=YEAR)
    counts = {each["stage"]: (each["schools"], each["inspected"], each["left"]) for each in report["inspections"]}
    assert counts == {"primary": (2, 1, 1), "junior": (2, 1, 1)}
    # Those that are left come first.
    assert [item["school_id"] for item in report["items"]] == [S2, S3, S1]
    by_school = {item["school_id"]: item["inspections"] for item in report["items"]}
    assert by_school[S1] == [{"stage": "primary", "visits": 2, "under_way": 0, "last_inspected_on": "2025-11-03"}]
    assert (by_school[S2][0]["visits"], by_school[S2][0]["under_way"]) == (0, 1)
    assert {each["stage"]: each["visits"] for each in by_school[S3]} == {"primary": 0, "junior": 1}


async def test_a_school_reads_its_pupils_and_nothing_of_visits(school: District) -> None:
    await school.bureau.post("inspections", _visit(S1, "i1"))
    report = await school.school(S1).report(PATH, academic_year=YEAR)
    assert report["inspections"] is None
    assert [(item["school_id"], item["inspections"]) for item in report["items"]] == [(S1, None)]
    centre = await school.voice("centre", stage="junior").report(PATH, academic_year=YEAR)
    assert [each["stage"] for each in centre["inspections"]] == ["junior"]


async def test_participation_and_the_weekly_quality_activity(school: District) -> None:
    voice = school.school(S1)
    consents = [
        {"school_id": S1, "term_id": TERM, "student_id": f"P{n}", "opted_in": n <= 3, "signed_on": "2025-09-01"}
        for n in range(1, 6)
    ]
    await voice.post("consents", *consents)
    await voice.post(
        "sessions",
        session("h1"),
        session("a1", service_date=TUESDAY, category="sports"),
        session("h2", service_date="2025-09-15"),
    )
    await voice.post("attendance", sheet("h1", present=["P1", "P2", "P3"]))
    await voice.post("attendance", sheet("a1", present=["P1", "P2"], service_date=TUESDAY, absent=["P3"]))
    await voice.post("attendance", sheet("h2", present=["P1"], service_date="2025-09-15"))
    for _ in range(2):
        report = await voice.report(PATH, term_id=TERM)
        (item,) = report["items"]
        assert (item["enrolled"], item["opted_in"], item["opted_out"]) == (40, 3, 2)
        weeks = {each["from"]: each["quality_activity"] for each in report["series"]}
        assert weeks["2025-09-08"] == {"pupil_weeks": 3, "with_quality_activity": 2, "rate": round(2 / 3, 4)}
        assert weeks["2025-09-15"] == {"pupil_weeks": 1, "with_quality_activity": 0, "rate": 0}
        assert item["participation"] == {"pupil_days": 6, "enrolled_days": 120, "rate": 0.05}
        await school.audit()


async def test_exactly_one_period_is_named(school: District) -> None:
    await school.bureau.report(PATH, expect=422)
    await school.bureau.report(PATH, month="2025-09", academic_year=YEAR, expect=422)
    await school.bureau.report(PATH, academic_year="2031-2032", expect=404)


STARTS, ENDS = date(2025, 9, 1), date(2026, 7, 3)


@given(st.integers(1, 500).flatmap(lambda owed: st.tuples(st.just(owed), st.integers(0, owed))), st.dates(STARTS, ENDS))
def test_a_forecast_is_neither_less_than_what_is_done_nor_more_than_what_is_owed(
    schools: tuple[int, int], today: date
) -> None:
    owed, inspected = schools
    foreseen = forecast(owed, inspected, STARTS, ENDS, today)
    assert foreseen is not None
    by_end = foreseen["inspected_by_end"]
    assert isinstance(by_end, int)
    assert inspected <= by_end <= owed
    assert foreseen["on_course"] == (by_end == owed)


def test_a_forecast_by_hand() -> None:
    # Half of the 306 days, 40 of 100 schools: 80 at this pace; 60 left in 21.86 weeks are three a week.
    halfway = forecast(100, 40, STARTS, ENDS, date(2026, 1, 31))
    assert halfway == {"elapsed": 0.5, "inspected_by_end": 80, "needed_per_week": 3, "on_course": False}
    assert forecast(100, 40, STARTS, ENDS, date(2025, 8, 31)) is None
    over = forecast(100, 40, STARTS, ENDS, date(2026, 11, 1))
    assert over == {"elapsed": 1.0, "inspected_by_end": 40, "needed_per_week": None, "on_course": False}
