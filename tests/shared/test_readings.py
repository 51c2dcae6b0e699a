"""Readings of pupils' records are noted: who, for whose pupils, how many; the bureau sees them, nobody changes them."""

import asyncpg
import pytest

from services.ledger_api import app as ledger_app
from services.reporting import app as reporting_app
from shared.asgi import SECURITY_HEADERS
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

    page = await school.auditor.report("/v1/ledger/readings", school_id=S1, limit="2")
    assert page["next_cursor"]
    whole = (await school.bureau.report("/v1/ledger/readings"))["items"]
    assert [(each["resource"], each["records"], each["of_one_pupil"]) for each in whole] == [
        ("students", 40, False), ("students", 1, True), ("students", 1, True),
        ("consents", 1, False), ("consents", 1, True),
        ("attendance", 1, False), ("attendance", 1, False), ("attendance", 1, False),
        ("attendance", 1, True),
    ]  # fmt: skip
    assert {(each["client_id"], *each["school_ids"]) for each in whole} == {("school-test", S1)}
    assert "P1" not in str(whole)
    await own.report("/v1/ledger/readings", expect=404)


@pytest.mark.parametrize("role", ["taizhang_ledger", "taizhang_reporting", "taizhang_audit"])
async def test_no_service_can_take_back_or_make_up_a_reading(school: District, role: str) -> None:
    connection = await asyncpg.connect(school.database_url, server_settings={"role": role})
    for statement in ("delete from ledger.pupil_reading", "update ledger.pupil_reading set client_id = 'x'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_every_answer_of_both_services_has_the_security_headers(school: District) -> None:
    for client, app in ((school.ledger, ledger_app), (school.reporting, reporting_app)):
        paths = {route.path for module in app.ROUTERS for route in module.router.routes}
        for path in sorted(paths | {"/livez", "/metrics", "/openapi.json", "/docs", "/nothing-here"}):
            for headers in ({}, {"Authorization": f"Bearer {school.bureau.token}"}):
                if path.endswith("/stream") and headers:
                    continue
                answer = await client.get(path, headers=headers)
                missing = [name for name, _ in SECURITY_HEADERS if name.decode() not in answer.headers]
                assert missing in ([], [b"content-security-policy"] if path == "/docs" else []), (path, missing)
                assert answer.status_code < 500, path


async def test_an_answer_about_a_fault_of_ours_has_them_too(school: District) -> None:
    async def broken() -> None:
        raise RuntimeError("a fault")

    school.ledger_app.add_api_route("/broken", broken)
    answer = await school.ledger.get("/broken", headers={"X-Request-ID": "r-19"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "r-19")
    assert all(name.decode() in answer.headers for name, _ in SECURITY_HEADERS)
