"""If-Match and If-None-Match: a write that is to change what its sender has seen, and nothing else."""

from typing import Any

import pytest

from tests.world.district import District, Voice
from tests.world.standard import MONDAY, S1, duty, school_of, session, sheet

RECORDS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "sessions": (session(), {"headcount": 3}, f"/v1/sessions/{S1}/h1"),
    "attendance": (sheet(), {"present": ["P1"]}, f"/v1/attendance/{S1}/h1"),
    "duties": (duty(), {"class_hours": 2}, f"/v1/duties/{S1}/d1"),
    "days": (
        {"school_id": S1, "service_date": MONDAY, "state": "closed"},
        {"pupils": 3, "reason": "漏计三名学生"},
        f"/v1/days/{S1}/{MONDAY}",
    ),
}


async def _write(voice: Voice, resource: str, record: dict[str, Any], **headers: str) -> int:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await voice.send("POST", f"/v1/{resource}", json=record, headers=names)).status_code


@pytest.mark.parametrize("resource", RECORDS)
async def test_a_write_takes_effect_on_the_revision_it_names_and_on_no_other(school: District, resource: str) -> None:
    voice = school.school(S1)
    record, change, path = RECORDS[resource]
    assert await _write(voice, resource, record, If_None_Match="*") == 200
    assert await _write(voice, resource, record, If_None_Match="*") == 412
    seen = (await voice.send("GET", path)).headers["etag"]
    assert seen == '"1"'
    assert await _write(voice, resource, {**record, **change}, If_Match=seen) == 200
    assert await _write(voice, resource, record, If_Match=seen) == 412
    assert (await voice.send("GET", path)).headers["etag"] == '"2"'
    assert (await voice.send("GET", path, headers={"If-None-Match": '"2"'})).status_code == 304
    assert (await voice.send("DELETE", path, params={"reason": "x"}, headers={"If-Match": '"1"'})).status_code == 412
    assert (await voice.send("DELETE", path, params={"reason": "x"}, headers={"If-Match": '"2"'})).status_code == 200
    assert await _write(voice, resource, record, If_Match="*") == 412


async def test_a_precondition_goes_with_a_single_record(school: District) -> None:
    answer = await school.school(S1).send(
        "POST", "/v1/sessions", json=[session(), session("h2")], headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


async def test_a_tag_that_is_none_of_ours_matches_nothing(school: District) -> None:
    voice = school.school(S1)
    await voice.post("sessions", session())
    assert await _write(voice, "sessions", session(headcount=1), If_Match='"abc"') == 412
    assert await _write(voice, "sessions", session(headcount=1), If_None_Match='"1"') == 422


async def test_a_school_that_is_not_there_yet_is_entered_only_if_it_is_not(school: District) -> None:
    newcomer = school_of("3101150003", "primary")
    assert await _write(school.bureau, "schools", newcomer, If_Match="*") == 412
    assert await school.fetch("select from ledger.chain_head where school_id = $1", "3101150003") == []
    assert await _write(school.bureau, "schools", newcomer, If_None_Match="*") == 200
    assert await _write(school.bureau, "schools", newcomer, If_None_Match="*") == 412
