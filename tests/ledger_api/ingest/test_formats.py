"""What a body may be written in: JSON, NDJSON, CSV; plain, gzip, zstd; each the same records, each with its places."""

import gzip
from typing import Any

import pytest
import zstandard

from tests.world.district import District, Voice, ndjson
from tests.world.standard import MONDAY, S1, TERM, session, sheet

Json = dict[str, Any]

SESSIONS_CSV = """\
school_id,session_id,service_date,slot,activity,category,headcount,staff.staff_id,staff.role,staff.class_hours
3101150001,c1,2025-09-08,s1,"围棋, 初级",club,18,T1,lead,1.5
,,,,,,,T2,assistant,1.25
3101150001,c2,2025-09-08,s2,合唱,arts,24,T3,lead,1
"""


async def _send(voice: Voice, resource: str, body: bytes, content_type: str, **headers: str) -> Json:
    answer = await voice.send(
        "POST", f"/v1/{resource}", content=body, headers={"Content-Type": content_type, **headers}
    )
    shown: Json = answer.json()
    return shown | {"status_code": answer.status_code}


PACKED = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip in two members": lambda body: gzip.compress(body[:70]) + gzip.compress(body[70:]),
    "zstd in two frames": lambda body: b"".join(map(zstandard.ZstdCompressor().compress, (body[:70], body[70:]))),
}


@pytest.mark.parametrize("packing", PACKED)
async def test_a_packed_body_is_the_body(school: District, packing: str) -> None:
    voice = school.school(S1)
    body = ndjson(*(session(f"h{n}") for n in range(5)))
    packed = PACKED[packing](body)
    receipt = await _send(
        voice, "sessions", packed, "application/x-ndjson", **{"Content-Encoding": packing.split(maxsplit=1)[0]}
    )
    assert receipt["created"] == 5


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_packed_body_that_is_cut_short_is_refused(school: District, encoding: str) -> None:
    packed = PACKED[encoding](ndjson(session(), session("h2")))
    problem = await _send(
        school.school(S1), "sessions", packed[:-6], "application/x-ndjson", **{"Content-Encoding": encoding}
    )
    assert (problem["status_code"], problem["code"]) == (400, "truncated_body")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_bomb_is_stopped_while_it_unpacks(school: District, encoding: str) -> None:
    packed = PACKED[encoding](b" " * (200 * 1024 * 1024))
    problem = await _send(
        school.school(S1), "sessions", packed, "application/x-ndjson", **{"Content-Encoding": encoding}
    )
    assert (problem["status_code"], problem["code"]) == (413, "body_too_large")


async def test_csv_rows_are_records_and_the_elements_of_their_lists(school: District) -> None:
    voice = school.school(S1)
    receipt = await _send(voice, "sessions", SESSIONS_CSV.encode(), "text/csv")
    assert (receipt["received"], receipt["created"]) == (2, 2)
    first = await voice.get(f"/v1/sessions/{S1}/c1")
    assert (first["activity"], first["headcount"]) == ("围棋, 初级", 18)
    assert [(each["staff_id"], each["class_hours"]) for each in first["staff"]] == [("T1", 1.5), ("T2", 1.25)]


async def test_csv_and_json_of_the_same_are_the_same(school: District) -> None:
    voice = school.school(S1)
    await _send(voice, "sessions", SESSIONS_CSV.encode(), "text/csv")
    as_json = session(
        "c2",
        slot="s2",
        activity="合唱",
        category="arts",
        headcount=24,
        staff=[{"staff_id": "T3", "role": "lead", "class_hours": 1}],
    )
    assert (await voice.post("sessions", as_json))["unchanged"] == 1


async def test_a_csv_of_attendance_has_a_row_a_pupil(school: District) -> None:
    voice = school.school(S1)
    rows = "".join(f"{S1},h1,{MONDAY},P{n},{'late' if n == 4 else 'present'}\n" for n in range(1, 9))
    receipt = await _send(
        voice, "attendance", f"school_id,session_id,service_date,student_id,status\n{rows}".encode(), "text/csv"
    )
    assert receipt["created"] == 8
    roll = await voice.get(f"/v1/attendance/{S1}/h1")
    assert (len(roll["present"]), roll["late"]) == (7, ["P4"])


async def test_a_spreadsheets_habits_are_understood(school: District) -> None:
    """A byte order mark, words for people before a column's name, semicolons, an empty line, GB 18030."""
    voice = school.school(S1)
    header = "学校 school_id;学号 student_id;年级 grade;班级 class_no\r\n"
    body = f"{header}{S1};P801;3;三(2)班\r\n;;;\r\n{S1};P802;4;\r\n"
    assert (await _send(voice, "students", b"\xef\xbb\xbf" + body.encode(), "text/csv"))["created"] == 2
    again = await _send(voice, "students", body.encode("gb18030"), "text/csv; charset=GBK")
    assert (again["unchanged"], again["received"]) == (2, 2)
    assert (await voice.get("/v1/students/P801"))["class_no"] == "三(2)班"


async def test_sheets_and_marks_may_stand_in_one_long_body(school: District) -> None:
    """Read record by record, since the first does not speak for all: every one of them is taken."""
    mark = {"school_id": S1, "session_id": "m", "service_date": MONDAY, "student_id": "P1", "status": "late"}
    sheets = (sheet(f"h{n}", present=["P2"], reason="x" * 450) for n in range(16_000))
    receipt = await _send(school.school(S1), "attendance", ndjson(mark, *sheets), "application/x-ndjson")
    assert receipt["created"] == 16_001


async def test_a_byte_order_mark_before_json_is_no_part_of_it(school: District) -> None:
    voice = school.school(S1)
    for content_type in ("application/json", "application/x-ndjson"):
        receipt = await _send(voice, "sessions", b"\xef\xbb\xbf" + ndjson(session()), content_type)
        assert receipt["received"] == 1


async def test_several_values_in_a_cell_stand_between_semicolons(school: District) -> None:
    header = "school_id,term_id,slot,starts_at,ends_at,weekdays\n"
    body = f"{header}{S1},{TERM},s7,15:30,16:10,1; 3;5\n"
    await _send(school.school(S1), "slots", body.encode(), "text/csv")
    assert (await school.school(S1).get(f"/v1/slots/{S1}/{TERM}/s7"))["weekdays"] == [1, 3, 5]


async def test_csv_faults_are_named_by_row_and_column(school: District) -> None:
    wrong = SESSIONS_CSV.replace("T2,assistant,1.25", "T77,helper,1.25").replace(",24,T3", ",many,T3")
    problem = await _send(school.school(S1), "sessions", wrong.encode(), "text/csv")
    assert problem["status_code"] == 422
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        ("/1/staff.role", "invalid_value"),
        ("/2/headcount", "invalid_value"),
    ]
    unknown = SESSIONS_CSV.replace("T2,assistant", "T77,assistant")
    problem = await _send(school.school(S1), "sessions", unknown.encode(), "text/csv")
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [("/1/staff.staff_id", "unknown_staff")]


async def test_csv_in_partial_mode_keeps_the_rows_that_are_wrong(school: District) -> None:
    voice = school.school(S1)
    body = SESSIONS_CSV.replace("c1,2025-09-08,s1", "c1,2025-09-08,s9")
    receipt = (
        await voice.send(
            "POST",
            "/v1/sessions",
            content=body.encode(),
            params={"mode": "partial"},
            headers={"Content-Type": "text/csv"},
        )
    ).json()
    assert (receipt["created"], receipt["rejected"]) == (1, 1)
    assert receipt["errors"][0]["pointer"] == "/0/slot"


BAD_CSV = {
    "a column nobody knows": ("school_id,staff_id\n", 422, "unknown_field", "staff.staff_id"),
    "a column twice": ("school_id,session_id,slot,slot\n", 422, "invalid_value", "twice"),
    "more cells than columns": (f"school_id,session_id\n{S1},a,b\n", 400, "malformed_csv", "Line 2"),
    "a quote left open": (f'school_id,session_id\n{S1},"a\n', 400, "malformed_csv", "Line"),
    "nothing but a header": ("school_id,session_id\n", 400, "empty_body", ""),
}


@pytest.mark.parametrize("what", BAD_CSV)
async def test_a_bad_csv_says_where(school: District, what: str) -> None:
    body, status, code, said = BAD_CSV[what]
    problem = await _send(school.school(S1), "sessions", body.encode(), "text/csv")
    assert (problem["status_code"], problem["code"]) == (status, code)
    assert said in str(problem)


async def test_bytes_in_another_encoding_are_refused(school: District) -> None:
    problem = await _send(school.school(S1), "sessions", SESSIONS_CSV.encode("gb18030"), "text/csv")
    assert (problem["status_code"], problem["code"]) == (400, "invalid_utf8")
    problem = await _send(school.school(S1), "sessions", b"x", "text/csv; charset=klingon")
    assert (problem["status_code"], problem["code"]) == (415, "unsupported_media_type")


async def test_an_unknown_field_deep_inside_names_the_nearest_known_one(school: District) -> None:
    wrong = session(staff=[{"staff_id": "T1", "role": "lead", "class_hour": 1}])
    problem = await school.school(S1).post("sessions", wrong, expect=422)
    (fault,) = [each for each in problem["errors"] if each["code"] == "unknown_field"]
    assert fault["pointer"] == "/0/staff/0/class_hour"
    assert "class_hours" in fault["detail"]


async def test_a_sheet_in_csv_lists_its_pupils_in_cells(school: District) -> None:
    voice = school.school(S1)
    body = f"school_id,session_id,service_date,present,absent\n{S1},h1,{MONDAY},P1;P2;P3,P4\n"
    await _send(voice, "attendance", body.encode(), "text/csv")
    assert (await voice.post("attendance", sheet(present=["P1", "P2", "P3"], absent=["P4"])))["unchanged"] == 1
