"""Whatever is sent, the answer is a problem that names the place, soon, and nothing is written."""

import json
from typing import Any

import pytest

from tests.world.district import District
from tests.world.standard import PLAN, S1, duty, session, sheet, staff_of

Json = dict[str, Any]


def _raw(record: Json, **replaced: str) -> bytes:
    """JSON with some values written by hand."""
    return (
        "{" + ",".join(f'"{name}":{replaced.get(name, json.dumps(value))}' for name, value in record.items()) + "}"
    ).encode()


LEAVE = {"staff_id": "T1", "starts_on": "2025-09-15", "ends_on": "2025-09-16", "kind": "sick", "hours": 8}
MEMBER = '[{"staff_id":"T1","role":"lead","class_hours":%s,"share":%s}]'
BODIES: dict[str, tuple[str, bytes, int, str]] = {
    "a NUL in a text": ("sessions", _raw(session(activity="a\0b")), 422, "/activity"),
    "a NUL in a key": ("sessions", _raw(session("h\0")), 422, "/session_id"),
    "a NUL in a plan's key": ("allocation-plans", _raw({**PLAN, "rate_fen_per_class_hour": {"a\0": 1}}), 422, "/rate_fen_per_class_hour"),
    "a lone surrogate": ("sessions", _raw(session(), activity='"\\ud800"'), 400, ""),
    "an id of 65 characters": ("sessions", _raw(session("x" * 65)), 422, "/session_id"),
    "a text of 501 characters": ("sessions", _raw(session(activity="长" * 501)), 422, "/activity"),
    "the year nought": ("sessions", _raw(session(service_date="0000-01-01")), 422, "/service_date"),
    "the year ten thousand": ("sessions", _raw(session(service_date="10000-01-01")), 422, "/service_date"),
    "a day outside every term": ("days", _raw({"school_id": S1, "service_date": "0001-01-01", "state": "closed"}), 422, "/service_date"),
    "a headcount beyond all pupils": ("sessions", _raw(session(), headcount="1" + "0" * 400), 422, "/headcount"),
    "a headcount as a float": ("sessions", _raw(session(), headcount="20.5"), 422, "/headcount"),
    "class hours with a vast exponent": ("sessions", _raw(session(), staff=MEMBER % ("1e999999999", "null")), 422, "/staff/0/class_hours"),
    "class hours with a vast negative exponent": ("sessions", _raw(session(), staff=MEMBER % ("1e-999999999", "null")), 422, "/staff/0/class_hours"),
    "class hours that are no number": ("sessions", _raw(session(), staff=MEMBER % ('"NaN"', "null")), 422, "/staff/0/class_hours"),
    "a share with a vast exponent": ("sessions", _raw(session(), staff=MEMBER % ("1", "1e-999999999")), 422, "/staff/0/share"),
    "a share above one": ("sessions", _raw(session(), staff=MEMBER % ("1", "1.01")), 422, "/staff/0/share"),
    "leave hours with a vast exponent": ("leaves", _raw(LEAVE, hours="1e999999999"), 422, "/hours"),
    "a duty of infinite hours": ("duties", _raw(duty(), class_hours='"Infinity"'), 422, "/class_hours"),
    "a rate beyond all money": ("allocation-plans", _raw({**PLAN, "rate_fen_per_class_hour": {"*": 10**13}}), 422, "/rate_fen_per_class_hour/..."),
    "a hundred people and one": ("sessions", _raw(session(staff={f"T{n}": 1 for n in range(101)})), 422, "/staff"),
    "nesting without end": ("sessions", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 422, "/a"),
    "nesting in a field": ("sessions", _raw(session(), activity="[" * 100_000 + "]" * 100_000), 422, "/activity"),
    "nesting in an array": ("sessions", b"[" * 100_000 + b"]" * 100_000, 400, ""),
    "a name of a megabyte": ("sessions", b'{"' + b"x" * 1_000_000 + b'":1}', 422, None),
    "a million pupils in a roll": ("attendance", _raw(sheet(present=[f"Z{n}" for n in range(1_000_000)])), 422, "/present"),
    "a scalar": ("sessions", b"7", 422, ""),
    "an array of scalars": ("sessions", b"[1,2]", 422, "/0"),
    "an object after the object": ("sessions", _raw(session()) + _raw(session("h2")), 400, ""),
}  # type: ignore[dict-item]  # fmt: skip


@pytest.mark.parametrize("what", BODIES)
async def test_a_body_beyond_bounds_is_a_problem_and_writes_nothing(school: District, what: str) -> None:
    resource, body, status, pointer = BODIES[what]
    head = await school.fetch("select head from ledger.chain_head where school_id = $1", S1)
    answer = await school.school(S1).send(
        "POST", f"/v1/{resource}", content=body, headers={"Content-Type": "application/json"}
    )
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text[
        :500
    ]
    if pointer:
        assert problem["errors"][0]["pointer"].startswith(pointer.removesuffix("/..."))
    assert len(answer.content) < 3_000_000
    assert await school.fetch("select head from ledger.chain_head where school_id = $1", S1) == head


async def test_a_hundred_thousand_wrong_records_are_counted_to_a_bound(school: District) -> None:
    answer = await school.school(S1).post("sessions", *(session(f"h{n}", slot="s9") for n in range(20_000)), expect=422)
    assert len(answer["errors"]) == 100
    assert 10_000 <= answer["error_count"] <= 10_010


async def test_an_address_that_no_column_can_hold_is_a_problem(school: District) -> None:
    voice = school.school(S1)
    for path in (f"/v1/sessions/{S1}/%00", "/v1/staff/a%00b", "/v1/chains/%00", "/v1/slots/%00/x"):
        answer = await voice.send("GET", path)
        assert answer.status_code in {404, 422}, path
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "as_of", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2025-01-01T00:00:00", "x"]
)
async def test_an_instant_beyond_the_calendar_is_a_problem(school: District, as_of: str) -> None:
    problem = await school.school(S1).get("/v1/staff/T1", as_of=as_of, expect=422)
    assert problem["errors"][0]["pointer"] == "/query/as_of"


async def test_a_person_may_have_as_many_qualifications_as_papers(school: District) -> None:
    papers = [{"type": "degree", "verified_on": "2025-08-20"}] * 50
    await school.school(S1).post("staff", {**staff_of(S1, "T1"), "qualifications": papers})
