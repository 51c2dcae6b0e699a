"""Every report is of an instant if it is asked for one, and has an ETag: whoever has it is answered 304."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.reporting.app import create_app
from shared.settings import Settings
from tests.world.district import District, Json, Voice
from tests.world.standard import MONDAY, S1, TERM, TUESDAY, YEAR, duty, school_of, session, sheet

# What each report is asked at least.
ASKED = {"school_id": S1, "term_id": TERM, "academic_year": YEAR, "date": MONDAY}
DAY = {"school_id": S1, "service_date": MONDAY, "state": "closed", "sessions": 2, "pupils": 4}
SURVEY = {"school_id": S1, "survey_id": "d", "kind": "satisfaction", "term_id": TERM, "answered": 9, "agreeing": 5}
# Documents by the parameter that names them.
DOCUMENTS = {
    "publication_id": ("publications", {"kind": "monthly_workload", "period": "2025-09"}),
    "submission_id": ("submissions", {"term_id": TERM}),
    "payment_id": ("payments", {"period": TERM}),
}
# Either a period of its own or a choice among three.
ONE_OF_THREE = {"/v1/reports/coverage": {"term_id": TERM}, "/v1/reports/evaluation": {"academic_year": YEAR}}
REPORTS = {
    path: {each["name"] for each in item["get"].get("parameters", [])}
    for path, item in create_app(Settings(_env_file=None)).openapi()["paths"].items()
    if path.startswith("/v1/reports/") and "get" in item
}


def _address(path: str) -> tuple[str, dict[str, str]]:
    """Where a report is and what it is asked, of the standard school's term or of the document d."""
    asked = ONE_OF_THREE.get(path) or {name: value for name, value in ASKED.items() if name in REPORTS[path]}
    address = path.replace("{school_id}", S1)
    for name in DOCUMENTS:
        address = address.replace(f"{{{name}}}", "d")
    return address, {name: value for name, value in asked.items() if f"{{{name}}}" not in path}


async def _read(voice: Voice, **parameters: str) -> dict[str, Json]:
    """Every report."""
    answers = {}
    for path in REPORTS:
        address, asked = _address(path)
        answers[path] = await voice.report(address, **asked, **parameters)
    return answers


def _without_instant(part: Any) -> Any:
    """A report's words without the instant that it is of, which the addresses of its rows name as well."""
    if isinstance(part, dict):
        return {name: _without_instant(each) for name, each in part.items() if name != "as_of"}
    if isinstance(part, list):
        return [_without_instant(each) for each in part]
    return re.sub(r"[?&]as_of=[^&]*", "", part) if isinstance(part, str) else part


async def _post_documents(voice: Voice, staff_id: str, class_hours: float, amount_fen: int) -> None:
    for name, (resource, document) in DOCUMENTS.items():
        said = (
            {"paid_on": TUESDAY, "amount_fen": amount_fen} if resource == "payments" else {"class_hours": class_hours}
        )
        await voice.post(resource, {"school_id": S1, name: "d", "lines": [{"staff_id": staff_id, **said}], **document})


async def _work(school: District) -> None:
    """A term with something to say in every report: lessons, rolls, a duty, a visit, papers, what the audit found."""
    voice = school.school(S1)
    await voice.post(
        "sessions",
        session(staff={"T1": 1.5}),
        session("a1", slot="s2", category="arts", room="R1", headcount=0, staff={"T2": 1, "X1": 1}),
    )
    await voice.post("attendance", sheet(present=4, absent=["P5"]))
    await voice.post("duties", duty())
    await voice.post("days", DAY)
    await voice.post("surveys", SURVEY)
    await _post_documents(voice, "T1", 1.5, 100)
    await school.bureau.post("inspections", _visit("i1"))
    await school.audit()


async def _correct(school: District) -> None:
    """What was said of the term is no longer true, and the school is another one as well."""
    voice, why = school.school(S1), {"reason": "更正"}
    await voice.post(
        "sessions",
        session(staff={"T1": 2.75}, **why),
        session("a1", slot="s3", category="sports", room="R2", staff={"T3": 3, "X1": 2}, **why),
    )
    await voice.post("attendance", sheet(present=["P1", "P7"], **why), sheet("a1", present=3, **why))
    await voice.post("duties", duty(class_hours=4, **why), duty("d2", "T8", **why))
    await voice.post("days", {**DAY, "sessions": 7, "pupils": 9, **why})
    await voice.post("surveys", {**SURVEY, "answered": 8, "agreeing": 8})
    await voice.post("students", {"student_id": "P9", "school_id": S1, "grade": 4, "enrolled_to": "2025-09-05"})
    await voice.post("staff", {"staff_id": "X1", "school_id": S1, "kind": "volunteer"})
    await _post_documents(voice, "T2", 9, 7)
    await school.bureau.post("schools", {**school_of(S1, "primary"), "name": "新名", "town": "川沙新镇"})
    await school.bureau.post("inspections", _visit("i2"))


def _visit(inspection_id: str) -> Json:
    visit = {"school_id": S1, "inspection_id": inspection_id, "kind": "spot_check", "date": "2025-10-15"}
    return {**visit, "office": "primary_centre", "conclusion": "正常"}


async def test_a_report_at_an_instant_is_what_was_served_then(school: District) -> None:
    await _work(school)
    then = datetime.now(UTC).isoformat()
    served, at = await _read(school.auditor), await _read(school.auditor, as_of=then)
    for path in REPORTS:
        # From the rollups and from the facts, the same.
        assert _without_instant(at[path]) == _without_instant(served[path]), path
    await _correct(school)
    for audited in (False, True):
        assert await _read(school.auditor, as_of=then) == at
        after = await _read(school.auditor)
        for path in REPORTS:
            # The reader sees what was written before the audit has; not a number of the term is what it was.
            assert after[path]["reflects"] != served[path]["reflects"], path
            assert {**after[path], "reflects": None} != {**served[path], "reflects": None}, (path, audited)
        await school.audit()


async def test_what_has_not_changed_is_304_and_another_format_is_another_answer(school: District) -> None:
    await _work(school)
    then = datetime.now(UTC).isoformat()
    for path in REPORTS:
        address, asked = _address(path)
        for instant in ({}, {"as_of": then}):
            first = await school.auditor.read(address, **asked, **instant)
            assert first.status_code == 200, first.text
            known = {"If-None-Match": f'"another", {first.headers["etag"]}'}
            again = await school.auditor.read(address, headers=known, **asked, **instant)
            assert (again.status_code, again.content) == (304, b""), path
            assert again.headers["etag"] == first.headers["etag"]
            answer = await school.auditor.read(address, headers=known, format="csv", **asked, **instant)
            assert answer.status_code == 200
            assert answer.headers["etag"] != first.headers["etag"]


async def test_the_rows_of_a_report_at_an_instant_are_those_of_the_instant(school: District) -> None:
    await _work(school)
    then = datetime.now(UTC).isoformat()
    await school.school(S1).delete(f"/v1/sessions/{S1}/a1", reason="误录")
    report = await school.auditor.report("/v1/reports/district", month="2025-09", as_of=then)
    rows = httpx.URL(report["totals"]["rows"]["sessions"])
    assert report["totals"]["sessions"] == 2
    assert len((await school.auditor.report(rows.path, **rows.params))["items"]) == 2


@pytest.mark.parametrize("path", ["/v1/reports/workload", "/v1/reports/compensation"])
async def test_a_new_fact_is_a_new_answer(school: District, path: str) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5}))
    first = await school.auditor.read(path, school_id=S1, term_id=TERM)
    await school.school(S1).post("sessions", session(staff={"T1": 1.25}))
    after = await school.auditor.read(
        path, school_id=S1, term_id=TERM, headers={"If-None-Match": first.headers["etag"]}
    )
    assert after.status_code == 200
    assert after.headers["etag"] != first.headers["etag"]
