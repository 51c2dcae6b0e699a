"""Bad input is answered with its own status and code and the place, and writes nothing."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from tests.world.district import District, Voice, ndjson
from tests.world.standard import MONDAY, S1, S2, TERM, duty, session, sheet, slot_of, staff_of

Json = dict[str, Any]


@dataclass
class Untouched:
    """A district whose ledger must be the same after the test as before."""

    district: District
    voice: Voice


@pytest.fixture
async def ledger(school: District) -> AsyncIterator[Untouched]:
    async def state() -> object:
        return await school.fetch(
            "select (select count(*) from ledger.batch) as batches, (select count(*) from ledger.outbox) as outbox, "
            "(select jsonb_agg(to_jsonb(chain_head) order by school_id) from ledger.chain_head)::text as heads"
        )

    before = await state()
    yield Untouched(school, school.school(S1))
    assert await state() == before


BAD_RECORDS: dict[str, tuple[str, Json | list[Json], int, str, str]] = {
    "a wrong type": ("sessions", session(headcount="twenty"), 422, "invalid_value", "/0/headcount"),
    "an unknown field": ("sessions", {**session(), "head_count": 3}, 422, "unknown_field", "/0/head_count"),
    "a missing field": ("sessions", {"school_id": S1, "session_id": "h1"}, 422, "missing_field", "/0/service_date"),
    "an unknown school": ("sessions", session(school_id="3101159999"), 404, "unknown_school", "/0/school_id"),
    "an unknown person": ("sessions", session(staff={"T1": 1, "T77": 2}), 422, "unknown_staff", "/0/staff/1/staff_id"),
    "an unknown pupil": ("attendance", sheet(present=["P1", "P99"]), 422, "unknown_student", "/0/present/1"),
    "a pupil twice in a roll": ("attendance", sheet(present=["P1"], late=["P1"]), 422, "repeated_student", "/0/late/0"),
    "a date outside the term": ("sessions", session(service_date="2025-08-30"), 422, "outside_term", "/0/service_date"),
    "a date that is none": ("sessions", session(service_date="2025-02-30"), 422, "invalid_value", "/0/service_date"),
    "a slot that nobody declared": ("sessions", session(slot="s9"), 422, "unknown_slot", "/0/slot"),
    "hours beyond a day": ("sessions", session(staff={"T1": 24.01}), 422, "too_many_class_hours", "/0/staff/0/class_hours"),
    "hours below zero": ("sessions", session(staff={"T1": -1}), 422, "invalid_value", "/0/staff/0/class_hours"),
    "hours with three decimals": ("sessions", session(staff={"T1": 1.125}), 422, "too_many_decimals", "/0/staff/0/class_hours"),
    "a headcount below zero": ("sessions", session(headcount=-1), 422, "invalid_value", "/0/headcount"),
    "an end before the start": ("sessions", session(starts_at="16:30", ends_at="15:30"), 422, "ends_before_it_starts", "/0/ends_at"),
    "a key twice in one batch": ("sessions", [session(), session(headcount=3)], 422, "repeated_key", "/1/session_id"),
    "the second of two wrong": ("duties", [duty(), duty("d2", "T88")], 422, "unknown_staff", "/1/staff_id"),
    "a day without service and without reason": (
        "days", {"school_id": S1, "service_date": "2025-09-08", "state": "no_service"}, 422, "missing_field", "/0/reason",
    ),
    "an id with a line end": ("sessions", session("h1\n"), 422, "invalid_value", "/0/session_id"),
    "a slot's name with a line end": ("slots", {**slot_of(S1, "s1"), "slot": "s7\n"}, 422, "invalid_value", "/0/slot"),
    "a slot's name with a slash": ("slots", {**slot_of(S1, "s1"), "slot": "s/7"}, 422, "invalid_value", "/0/slot"),
    "a slot at noon": ("slots", {**slot_of(S1, "s1"), "slot": "n", "starts_at": "11:30", "ends_at": "12:30"}, 422, "outside_service", "/0/starts_at"),
    "a slot in the evening": ("slots", {**slot_of(S1, "s1"), "slot": "e", "starts_at": "18:30", "ends_at": "20:00"}, 422, "outside_service", "/0/ends_at"),
    "a slot before lessons": ("slots", {**slot_of(S1, "s1"), "slot": "m", "starts_at": "07:00", "ends_at": "07:40"}, 422, "outside_service", "/0/starts_at"),
    "a slot of a forbidden kind": ("slots", {**slot_of(S1, "s1"), "slot": "k", "kind": "evening_self_study"}, 422, "outside_service", "/0/kind"),
    "a school without a stage": ("schools", {"school_id": S1, "name": "x", "stages": []}, 422, "invalid_value", "/0/stages"),
    "a term over another": ("terms", {"term_id": "2024-2025-2", "starts_on": "2025-02-17", "ends_on": "2025-09-01"}, 422, "invalid_value", "/0/ends_on"),
    "a term on another's days": ("terms", {"term_id": "2025-2026-2", "starts_on": "2025-12-01", "ends_on": "2026-06-30", "holidays": [], "makeup_days": []}, 422, "overlapping_term", "/0/starts_on"),
    "a term of all times": ("terms", {"term_id": "2031-2032-1", "starts_on": "0001-01-01", "ends_on": "9999-12-31", "holidays": [], "makeup_days": []}, 422, "invalid_value", "/0/starts_on"),
    "a term of no school year": ("terms", {"term_id": "2031-2999-1", "starts_on": "2031-09-01", "ends_on": "2032-01-31", "holidays": [], "makeup_days": []}, 422, "invalid_value", "/0/term_id"),
    "a sheet and a mark of one session": (
        "attendance", [sheet(), {"school_id": S1, "session_id": "h1", "service_date": MONDAY, "student_id": "P1", "status": "late"}],
        422, "repeated_key", "/0/session_id",
    ),
    "a roll taken beyond the calendar": ("attendance", sheet(taken_at="9999-12-31T23:59:59-14:00"), 422, "invalid_value", "/0/taken_at"),
    "a mark taken beyond the calendar": ("attendance", {"school_id": S1, "session_id": "h1", "service_date": MONDAY, "student_id": "P1", "status": "late", "taken_at": "0001-01-01T00:00:00+14:00"}, 422, "invalid_value", "/0/taken_at"),
    "a roll taken at no place's time": ("attendance", sheet(taken_at="2025-09-08T15:35:00"), 422, "invalid_value", "/0/taken_at"),
    "a payment for a period that is none": ("payments", {"school_id": S1, "payment_id": "p", "period": "2025-13", "lines": []}, 422, "invalid_value", "/0/period"),
    "a slot for drilling": ("slots", {**slot_of(S1, "s1"), "slot": "k", "kind": "exam_drill"}, 422, "forbidden_kind", "/0/kind"),
    "a person of another school": ("staff", staff_of(S1, "U1") | {"kind": "employee"}, 409, "belongs_to_another_school", "/0"),
    "a statement line of nobody": (
        "publications",
        {"school_id": S1, "publication_id": "p", "kind": "monthly_workload", "period": "2025-09", "lines": [{"staff_id": "T99", "class_hours": 1}]},
        422, "unknown_staff", "/0/lines/0/staff_id",
    ),
    "a submission of an unknown term": (
        "submissions", {"school_id": S1, "submission_id": "s", "term_id": "2030-2031-1", "lines": []}, 422, "unknown_term", "/0/term_id",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_RECORDS)
async def test_a_bad_record_is_named_by_its_place(ledger: Untouched, what: str) -> None:
    resource, records, status, code, pointer = BAD_RECORDS[what]
    answer = await ledger.voice.send("POST", f"/v1/{resource}", json=records)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    # One object is one record: its pointers do not begin with a place in a list.
    wanted = pointer if isinstance(records, list) else pointer.removeprefix("/0")
    assert (answer.status_code, problem["errors"][0]["code"], problem["errors"][0]["pointer"]) == (status, code, wanted)
    assert problem["error_count"] == len(problem["errors"])


async def test_an_unknown_field_names_the_nearest_known_one(ledger: Untouched) -> None:
    problem = await ledger.voice.post("sessions", {**session(), "head_count": 3}, expect=422)
    assert "headcount" in problem["errors"][0]["detail"]


async def test_every_fault_of_a_batch_is_listed_up_to_a_hundred(ledger: Untouched) -> None:
    problem = await ledger.voice.post(
        "sessions", *(session(f"h{n}", staff={f"Z{n}": 1}) for n in range(130)), expect=422
    )
    assert (len(problem["errors"]), problem["error_count"]) == (100, 130)


async def test_the_noon_slot_is_refused_with_its_clause_in_both_languages(ledger: Untouched) -> None:
    noon = {**slot_of(S1, "s1"), "slot": "n", "starts_at": "11:30", "ends_at": "12:30"}
    chinese = await ledger.voice.send("POST", "/v1/slots", json=noon, headers={"Accept-Language": "zh-CN"})
    english = await ledger.voice.send("POST", "/v1/slots", json=noon)
    assert "一(一)1" in chinese.json()["errors"][0]["detail"]
    assert "一(一)1" in english.json()["errors"][0]["detail"]
    assert chinese.json()["title"] != english.json()["title"]


async def test_a_truncated_gzip_is_refused(ledger: Untouched) -> None:
    packed = gzip.compress(ndjson(*(session(f"h{n}") for n in range(50))))[:-20]
    answer = await _raw(ledger, packed, encoding="gzip")
    assert (answer.status_code, answer.json()["code"]) == (400, "truncated_body")


async def test_a_body_that_is_no_gzip_is_refused(ledger: Untouched) -> None:
    answer = await _raw(ledger, b"[]", encoding="gzip")
    assert (answer.status_code, answer.json()["code"]) == (400, "truncated_body")


async def test_an_unknown_encoding_is_refused(ledger: Untouched) -> None:
    answer = await _raw(ledger, b"[]", encoding="br")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")


async def test_invalid_utf_8_is_refused(ledger: Untouched) -> None:
    answer = await _raw(ledger, msgspec.json.encode(session()).replace("作".encode(), b"\xff\xfe"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_utf8")


async def test_json_that_is_cut_short_is_refused(ledger: Untouched) -> None:
    answer = await _raw(ledger, msgspec.json.encode([session()])[:-5])
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


async def test_an_empty_body_is_refused(ledger: Untouched) -> None:
    answer = await _raw(ledger, b"")
    assert (answer.status_code, answer.json()["code"]) == (400, "empty_body")


async def test_a_reason_with_nul_takes_nothing_back(ledger: Untouched) -> None:
    answer = await ledger.voice.send("DELETE", "/v1/students/P1", params={"reason": "a\0b"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/reason")


async def test_a_client_id_that_can_be_none_is_nobodys(ledger: Untouched) -> None:
    for client_id in ("\0", "x" * 100_000, "甲"):
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "x"}
        answer = await ledger.district.ledger.post("/oauth/token", data=form)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_client")


async def test_another_content_type_is_refused(ledger: Untouched) -> None:
    answer = await _raw(ledger, b"<sessions/>", content_type="application/xml")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_hundred_mebibytes_are_refused_plain_and_packed(ledger: Untouched) -> None:
    huge = b" " * (100 * 1024 * 1024)
    for body, encoding in ((huge, None), (gzip.compress(huge, 1), "gzip")):
        answer = await _raw(ledger, body, encoding=encoding)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_deeply_nested_body_is_refused(ledger: Untouched) -> None:
    answer = await _raw(ledger, b"[" * 100_000)
    assert answer.status_code == 400


async def test_a_token_for_another_school_finds_no_such_school(ledger: Untouched) -> None:
    problem = await ledger.district.school(S2).post("sessions", session(), expect=404)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [("unknown_school", "/0/school_id")]


async def test_no_token_and_a_forged_one_are_401(ledger: Untouched) -> None:
    client = ledger.district.ledger
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": f"Bearer {ledger.voice.token[:-4]}AAAA"}):
        answer = await client.post("/v1/sessions", json=session(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_who_only_reads_may_not_write(ledger: Untouched) -> None:
    for kind in ("bureau", "auditor", "centre"):
        voice = ledger.district.voice(kind, stage="primary" if kind == "centre" else None)
        problem = await voice.post("sessions", session(), expect=403)
        assert problem["code"] == "missing_scope"


async def test_a_school_enters_a_term_that_is_new_and_changes_none(ledger: Untouched) -> None:
    shorter = {"term_id": TERM, "starts_on": "2025-09-01", "ends_on": "2025-12-31"}
    problem = await ledger.voice.post("terms", shorter, expect=403)
    assert problem["code"] == "district_only"


async def test_a_school_closes_no_other_school(ledger: Untouched) -> None:
    closure = {"closure_id": "c", "starts_on": "2025-09-10", "ends_on": "2025-09-10", "reason": "台风"}
    for bound in ({}, {"town": "张江镇"}, {"schools": [S1, S2]}):
        problem = await ledger.voice.post("closures", {**closure, **bound}, expect=403)
        assert problem["code"] == "district_only"


async def test_a_dry_run_validates_and_writes_nothing(ledger: Untouched) -> None:
    assert (await ledger.voice.post("sessions", session(), dry_run="true"))["received"] == 1
    await ledger.voice.post("sessions", session(slot="s9"), expect=422, dry_run="true")


async def _raw(
    ledger: Untouched, body: bytes, *, encoding: str | None = None, content_type: str = "application/json"
) -> Any:
    headers = {"Content-Type": content_type, **({"Content-Encoding": encoding} if encoding else {})}
    return await ledger.voice.send("POST", "/v1/sessions", content=body, headers=headers)
