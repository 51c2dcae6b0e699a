"""Outside people: what was verified of them and until when, their providers, and whether a teacher was with them."""

from tests.world.district import District
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, session, staff_of

PATH = "/v1/reports/staffing"


async def _coach(school: District) -> None:
    """X1 of the provider serves with T1, then alone; the check of X1 ran out."""
    qualifications = [
        {"type": "certificate", "verified_on": "2025-08-01", "valid_to": "2027-08-01"},
        {"type": "background_check", "verified_on": "2024-09-01", "valid_to": "2025-09-30"},
    ]
    voice = school.school(S1)
    await voice.post("staff", {**staff_of(S1, "X1"), "qualifications": qualifications})
    await voice.post(
        "sessions",
        session("h1", staff={"X1": 1.5, "T1": 1}),
        session("h2", service_date=TUESDAY, staff={"X1": 1.25}),
        session("h3", slot="s2", staff={"T2": 1}),
    )


async def test_each_outside_person_stands_with_what_is_verified_and_what_they_did(school: District) -> None:
    await _coach(school)
    report = await school.bureau.report(PATH, term_id=TERM, school_id=S1, kind="provider")
    (coach,) = report["items"]
    assert (coach["staff_id"], coach["provider_id"], coach["provider_status"]) == ("X1", "prv-1", "listed")
    assert (coach["sessions"], coach["class_hours"], coach["unpaired"]) == (2, 2.75, 1)
    assert (coach["verified"], coach["expired"], coach["last_served_on"]) == (
        ["certificate"],
        ["background_check"],
        TUESDAY,
    )
    assert coach["next_expiry_on"] == "2027-08-01"
    # In September the check still held.
    month = await school.bureau.report(PATH, month="2025-09", school_id=S1, kind="provider")
    assert month["items"][0]["expired"] == []
    assert month["items"][0]["next_expiry_on"] == "2025-09-30"


async def test_the_totals_count_people_and_sessions_and_own_teachers_are_not_among_them(school: District) -> None:
    await _coach(school)
    removed = {"provider_id": "prv-1", "name": "体育中心", "listed": False, "status": "removed", "status_from": MONDAY}
    await school.bureau.post("providers", removed)
    report = await school.bureau.report(PATH, term_id=TERM)
    assert report["totals"] == {
        "people": 3,
        "serving": 1,
        "with_something_expired": 1,
        "of_providers_not_listed": 1,
        "unpaired_sessions": 1,
    }
    path, _, query = next(item["rows"] for item in report["items"] if item["sessions"]).partition("?")
    rows = await school.bureau.report(path, **dict(pair.split("=") for pair in query.split("&")))
    assert [row["session_id"] for row in rows["items"]] == ["h1", "h2"]


async def test_a_school_sees_its_own_people(school: District) -> None:
    await _coach(school)
    assert (await school.school(S2).report(PATH, term_id=TERM))["items"] == []
    await school.school(S2).report(PATH, term_id=TERM, school_id=S1, expect=404)
    assert (await school.school(S1).read(PATH, term_id=TERM, format="csv")).text.count("\n") == 4
