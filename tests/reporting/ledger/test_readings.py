"""Readings of pupils' records: every one is noted, the bureau and the auditor see them, no school does."""

from tests.world.district import District
from tests.world.standard import S1, S2, TERM, session, sheet


async def test_every_reading_of_pupils_is_noted_and_told_to_the_bureau_alone(school: District) -> None:
    own = school.school(S1)
    await own.post("sessions", session())
    await own.post("attendance", sheet())
    await own.post("consents", {"school_id": S1, "term_id": TERM, "student_id": "P1", "opted_in": True})
    for path in (
        "/v1/students", "/v1/students/P1", "/v1/students/P1/revisions",
        "/v1/consents", f"/v1/consents/{S1}/{TERM}/P1",
        "/v1/attendance", f"/v1/attendance/{S1}/h1", f"/v1/attendance/{S1}/h1/revisions",
    ):  # fmt: skip
        await own.get(path)
    await own.report("/v1/ledger/attendance", student_id="P1")
    # What names no pupil, and what finds none, is no reading of pupils.
    await own.get("/v1/staff")
    await school.school(S2).get("/v1/attendance")

    page = await school.auditor.report("/v1/readings", school_id=S1, limit="2")
    assert page["next_cursor"]
    whole = (await school.bureau.report("/v1/readings"))["items"]
    assert [(each["resource"], each["records"], each["of_one_pupil"]) for each in whole] == [
        ("students", 40, False), ("students", 1, True), ("students", 1, True),
        ("consents", 1, False), ("consents", 1, True),
        ("attendance", 1, False), ("attendance", 1, False), ("attendance", 1, False),
        ("attendance", 1, True),
    ]  # fmt: skip
    assert {(each["client_id"], *each["school_ids"]) for each in whole} == {("school-test", S1)}
    assert "P1" not in str(whole)
    await own.report("/v1/readings", expect=404)
