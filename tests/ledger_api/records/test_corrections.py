"""Corrections of what is closed, published or submitted: each says why; a first claim needs no reason; 一(一)6, 一(二)2."""

import asyncio
from datetime import datetime

import pytest

from tests.world.district import District, Json, Voice
from tests.world.standard import MONDAY, S1, S2, TERM, TUESDAY, duty, session, sheet

CLOSED: Json = {"school_id": S1, "service_date": MONDAY, "state": "closed", "sessions": 1, "pupils": 20}
LINE: Json = {"staff_id": "T1", "class_hours": 1.5}
PUBLISHED: Json = {
    "school_id": S1, "publication_id": "p9", "kind": "monthly_workload", "period": "2025-09", "lines": [LINE],
}  # fmt: skip
REMUNERATED: Json = PUBLISHED | {"publication_id": "p1", "kind": "term_remuneration", "period": TERM}
SUBMITTED: Json = {"school_id": S1, "submission_id": "s1", "term_id": TERM, "lines": [LINE]}

# The three kinds of record, each with a correction that says nothing of why.
RECORDS = {
    "sessions": (session(), session(headcount=19)),
    "attendance": (sheet(), sheet(present=19)),
    "duties": (duty(), duty(class_hours=0.75)),
}
SEALS = {
    "days": (CLOSED, f"days/{S1}/{MONDAY}#1"),
    "publications": (PUBLISHED, "publications/p9#1"),
    "publications of the term": (REMUNERATED, "publications/p1#1"),
    "submissions": (SUBMITTED, "submissions/s1#1"),
}


async def _of_monday(voice: Voice) -> None:
    """One record of each kind, then the day is closed."""
    for resource, (first, _correction) in RECORDS.items():
        await voice.post(resource, first)
    await voice.post("days", CLOSED)


@pytest.mark.parametrize("seal", SEALS)
@pytest.mark.parametrize("resource", RECORDS)
async def test_a_correction_of_what_is_sealed_is_refused_until_it_says_why(
    school: District, resource: str, seal: str
) -> None:
    voice = school.school(S1)
    first, correction = RECORDS[resource]
    document, record_key = SEALS[seal]
    await voice.post(resource, first)
    await voice.post(seal.split(maxsplit=1)[0], document)
    tried = await voice.post(resource, correction, expect=422, dry_run="true")
    problem = await voice.post(resource, correction, expect=422)
    assert (problem["code"], problem["error_count"]) == ("reason_needed", 1)
    assert tried["errors"] == problem["errors"], "a dry run says the same"
    assert problem["errors"][0]["pointer"] == "/0/reason"
    assert MONDAY in problem["errors"][0]["detail"]
    assert record_key in problem["errors"][0]["detail"], "the detail names what closed it"
    assert "reason" in problem["errors"][0]["detail"]
    assert (await voice.post(resource, {**correction, "reason": "录入有误"}))["revised"] == 1


async def test_a_reason_of_spaces_is_none(school: District) -> None:
    voice = school.school(S1)
    await _of_monday(voice)
    await voice.post("sessions", session(headcount=19, reason=" \u3000\t"), expect=422)
    await voice.delete(f"/v1/sessions/{S1}/h1", reason=" ", expect=422)


async def test_every_record_that_lacks_a_reason_is_named(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", *(session(f"h{n}") for n in range(1, 5)))
    await voice.post("days", CLOSED)
    problem = await voice.post(
        "sessions",
        session("h1", headcount=11),
        session("h2", headcount=12, reason="漏计一人"),
        session("h3"),
        session("h4", headcount=14),
        session("h5", headcount=15),
        expect=422,
    )
    assert [error["pointer"] for error in problem["errors"]] == ["/0/reason", "/3/reason"]
    assert (await voice.get(f"/v1/sessions/{S1}/h2"))["revision"] == 1, "nothing of a refused request is kept"


async def test_of_single_marks_each_is_named(school: District) -> None:
    voice = school.school(S1)
    await _of_monday(voice)
    mark = {"school_id": S1, "session_id": "h1", "service_date": MONDAY}
    marks = [{**mark, "student_id": f"P{n}", "status": "late"} for n in (1, 2)]
    problem = await voice.post("attendance", *marks, expect=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/0/reason", "/1/reason"]
    assert (await voice.post("attendance", *({**each, "reason": "到校晚"} for each in marks)))["revised"] == 2


async def test_in_partial_mode_the_others_land(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session("h1"), session("h2"))
    await voice.post("days", CLOSED)
    receipt = await voice.post(
        "sessions",
        session("h1", headcount=11),
        session("h2", headcount=12, reason="漏计一人"),
        session("h3", service_date=TUESDAY),
        mode="partial",
    )
    assert (receipt["rejected"], receipt["revised"], receipt["created"]) == (1, 1, 1)
    assert [(error["pointer"], error["code"]) for error in receipt["errors"]] == [("/0/reason", "reason_needed")]


async def test_a_first_claim_for_a_closed_day_is_recorded_as_claimed(school: District) -> None:
    """A claim that is turned away leaves no evidence."""
    voice = school.school(S1)
    await _of_monday(voice)
    assert (await voice.post("sessions", session("late")))["created"] == 1
    assert (await voice.post("attendance", sheet("late")))["created"] == 1
    assert (await voice.post("duties", duty("late", "T8")))["created"] == 1


async def test_the_same_content_again_needs_no_reason(school: District) -> None:
    voice = school.school(S1)
    await _of_monday(voice)
    for resource, (first, _correction) in RECORDS.items():
        assert (await voice.post(resource, first))["unchanged"] == 1


async def test_other_days_months_and_schools_stay_open(school: District) -> None:
    voice, other = school.school(S1), school.school(S2)
    october = session("h2", service_date="2025-10-15")
    await voice.post("sessions", session(), session("h3", service_date=TUESDAY), october)
    await other.post("sessions", session(school_id=S2, staff={"U1": 1}))
    await voice.post("days", CLOSED)
    assert (await voice.post("sessions", session("h3", service_date=TUESDAY, headcount=3)))["revised"] == 1
    await voice.post("publications", PUBLISHED)
    assert (await voice.post("sessions", {**october, "headcount": 3}))["revised"] == 1
    assert (await other.post("sessions", session(school_id=S2, staff={"U1": 2})))["revised"] == 1


@pytest.mark.parametrize(("resource", "record"), [("sessions", session()), ("duties", duty())])
async def test_a_record_that_leaves_a_closed_day_or_comes_to_one_says_why(
    school: District, resource: str, record: Json
) -> None:
    voice = school.school(S1)
    moved = {**record, "service_date": TUESDAY}
    await voice.post(resource, record)
    await voice.post("days", CLOSED)
    await voice.post(resource, moved, expect=422)
    await voice.post(resource, {**moved, "reason": "日期录入有误"})
    await voice.post(resource, record, expect=422)


async def test_a_closed_day_is_changed_or_reopened_with_a_reason(school: District) -> None:
    voice = school.school(S1)
    await voice.post("days", CLOSED)
    problem = await voice.post("days", {**CLOSED, "pupils": 21}, expect=422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("reason_needed", "/0/reason")
    await voice.post("days", {**CLOSED, "pupils": 21, "reason": "漏计一名学生"})
    await voice.delete(f"/v1/days/{S1}/{MONDAY}", reason="尚有一堂课未登记")
    await voice.post("sessions", session())
    assert (await voice.post("sessions", session(headcount=19)))["revised"] == 1, "the day is open again"


async def test_what_is_taken_back_no_longer_seals(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session())
    await voice.post("publications", PUBLISHED)
    await voice.post("publications", {**PUBLISHED, "place": "校门口公示栏"})
    await voice.delete(f"/v1/publications/{S1}/p9", reason="公示有误")
    assert (await voice.post("sessions", session(headcount=19)))["revised"] == 1


async def test_a_single_object_is_told_its_field(school: District) -> None:
    voice = school.school(S1)
    await _of_monday(voice)
    answer = await voice.send("POST", "/v1/sessions", json=session(headcount=19), headers={"Accept-Language": "zh-CN"})
    assert answer.json()["errors"][0]["pointer"] == "/reason"
    assert "更正请在 reason 写明原因" in answer.json()["errors"][0]["detail"]


async def test_a_correction_beside_the_closing_comes_before_it_or_says_why(school: District) -> None:
    """Whatever the order in which both get the school's lock, no silent correction stands after the closing."""
    voice = school.school(S1)
    for n in range(12):
        day = f"2025-11-{10 + n}"
        await voice.post("sessions", session(f"h{n}", service_date=day))
        closing, correction = await asyncio.gather(
            voice.post("days", {**CLOSED, "service_date": day}),
            voice.send("POST", "/v1/sessions", json=session(f"h{n}", service_date=day, headcount=n)),
        )
        if correction.status_code == 200:
            assert correction.json()["recorded_at"] < closing["recorded_at"]
        else:
            assert correction.json()["code"] == "reason_needed"


async def test_what_comes_after_the_closing_or_the_publication_is_visible_as_such(school: District) -> None:
    """Every kind of record, new, changed, moved or taken back: by whom, why, and how many class hours more or fewer."""
    voice, office = school.school(S1), school.voice("school", schools=[S1], client_id="office")
    await voice.post("sessions", session("h1", staff={"T1": 0.75}), session("h2", staff={"T2": 1.25, "T3": 0.5}))
    await voice.post("duties", duty("d1", class_hours=2), duty("d2", "T8", 0.25))
    await voice.post("sessions", session("h2", staff={"T2": 1.25}))
    closing = await voice.post("days", CLOSED)
    await voice.post("sessions", session("h1", staff={"T1": 1.5}, reason="漏记"), session("h3", staff={"T4": 2.25}))
    posting = await voice.post("publications", PUBLISHED)
    await voice.delete(f"/v1/sessions/{S1}/h3", reason="重复")
    await office.post("sessions", session("h2", service_date=TUESDAY, staff={"T2": 1.25}, reason="改期"))
    await voice.post("attendance", sheet())
    await voice.post("duties", duty("d1", class_hours=1.75, reason="更正"))
    await voice.post("duties", duty("d2", "T8", 0.25, service_date=TUESDAY, reason="改期"))
    await voice.post("days", {**CLOSED, "pupils": 19, "reason": "更正"})
    rows = await school.fetch("select * from ledger.late_change order by recorded_at, service_date, record_key")
    shown = [
        (
            row["record_key"].replace(f"/{S1}", ""),
            str(row["service_date"]),
            row["change"],
            row["class_hours_hundredths_before"],
            row["class_hours_hundredths_after"],
            row["reason"],
            row["client_id"],
        )
        for row in rows
    ]
    assert shown == [
        ("sessions/h1#2", MONDAY, "changed", 75, 150, "漏记", "school-test"),
        ("sessions/h3#1", MONDAY, "new", 0, 225, None, "school-test"),
        ("sessions/h3#2", MONDAY, "voided", 225, 0, "重复", "school-test"),
        ("sessions/h2#3", MONDAY, "moved", 125, 0, "改期", "office"),
        ("sessions/h2#4", TUESDAY, "changed", 0, 125, "改期", "office"),
        ("attendance/h1#1", MONDAY, "new", None, None, None, "school-test"),
        ("duties/d1#2", MONDAY, "changed", 200, 175, "更正", "school-test"),
        ("duties/d2#2", MONDAY, "moved", 25, 0, "改期", "school-test"),
        ("duties/d2#2", TUESDAY, "changed", 0, 25, "改期", "school-test"),
        (f"days/{MONDAY}#2", MONDAY, "changed", None, None, "更正", "school-test"),
    ]
    closed = {str(row["closed_at"]) for row in rows if str(row["service_date"]) == MONDAY}
    published = [row["published_at"] is not None for row in rows]
    assert closed == {str(datetime.fromisoformat(closing["recorded_at"]))}
    assert published == [False, False] + [True] * 8
    assert rows[-1]["published_at"] == datetime.fromisoformat(posting["recorded_at"])


async def test_what_comes_while_the_day_is_open_again_is_not_late(school: District) -> None:
    voice = school.school(S1)
    await _of_monday(voice)
    await voice.delete(f"/v1/days/{S1}/{MONDAY}", reason="尚有一堂课未登记")
    await voice.post("sessions", session("h2"))
    await voice.post("days", CLOSED)
    late = await school.fetch("select record_key, change from ledger.late_change")
    assert [(row["record_key"], row["change"]) for row in late] == [(f"days/{S1}/{MONDAY}#2", "voided")]
