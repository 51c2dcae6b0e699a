"""The rolls themselves, for those who may read the ledger: filtered, paged, as of an instant; who reads them is logged."""

import csv
from io import StringIO

import httpx

from tests.world.district import District
from tests.world.standard import S1, S2, TUESDAY, session, sheet


async def _two_rolls(school: District) -> str:
    voice = school.school(S1)
    await voice.post("sessions", session("h1"), session("h2", service_date=TUESDAY))
    first = await voice.post("attendance", sheet("h1", present=["P1", "P2"], late=["P3"], absent=["P4"]))
    await voice.post("attendance", sheet("h2", present=["P1"], service_date=TUESDAY, excused=["P5"]))
    recorded_at: str = first["recorded_at"]
    return recorded_at


async def test_rolls_by_pupil_session_and_date(school: District) -> None:
    await _two_rolls(school)
    for wanted, found in (
        ({"student_id": "P1"}, ["h1", "h2"]),
        ({"student_id": "P5"}, ["h2"]),
        ({"student_id": "P9"}, []),
        ({"session_id": "h1"}, ["h1"]),
        ({"from": TUESDAY}, ["h2"]),
    ):
        listed = await school.auditor.report("/v1/ledger/attendance", **wanted)
        assert [item["session_id"] for item in listed["items"]] == found
    roll = (await school.auditor.report("/v1/ledger/attendance", session_id="h1"))["items"][0]
    assert (roll["present"], roll["late"], roll["absent"], roll["came"]) == (["P1", "P2"], ["P3"], ["P4"], 3)


async def test_rolls_are_what_the_ledger_knew_then(school: District) -> None:
    then = await _two_rolls(school)
    await school.school(S1).post("attendance", sheet("h1", present=["P7"]))
    (was,) = (await school.auditor.report("/v1/ledger/attendance", as_of=then))["items"]
    assert was["present"] == ["P1", "P2"]
    now = await school.auditor.report("/v1/ledger/attendance")
    assert [item["present"] for item in now["items"]] == [["P7"], ["P1"]]


async def test_pages_follow_one_another(school: District) -> None:
    await _two_rolls(school)
    first = await school.auditor.read("/v1/ledger/attendance", limit="1")
    following = httpx.URL(first.links["next"]["url"])
    second = await school.auditor.read(following.path, **following.params)
    assert [page.json()["items"][0]["session_id"] for page in (first, second)] == ["h1", "h2"]
    assert second.json()["next_cursor"] is None


async def test_the_csv_has_a_line_a_pupil_as_marks_are_posted(school: District) -> None:
    await _two_rolls(school)
    answer = await school.auditor.read("/v1/ledger/attendance", session_id="h1", format="csv")
    lines = list(csv.DictReader(StringIO(answer.text.lstrip("\ufeff"))))
    assert [(line["student_id"], line["status"]) for line in lines] == [
        ("P1", "present"),
        ("P2", "present"),
        ("P3", "late"),
        ("P4", "absent"),
    ]


async def test_who_read_whose_rolls_is_noted_and_which_pupils_is_not(school: District) -> None:
    await _two_rolls(school)
    await school.auditor.report("/v1/ledger/attendance", student_id="P3")
    (noted,) = await school.fetch("select * from ledger.pupil_reading")
    assert (noted["client_id"], noted["school_ids"], noted["records"]) == ("auditor-test", [S1], 1)
    assert noted["of_one_pupil"]
    assert "P3" not in str(noted)


async def test_another_school_sees_none_of_them(school: District) -> None:
    await _two_rolls(school)
    assert (await school.school(S2).report("/v1/ledger/attendance", school_id=S1))["items"] == []
