"""Every report has an ETag, and whoever has it is answered 304."""

import pytest

from services.reporting.app import create_app
from shared.settings import Settings
from tests.world.district import District
from tests.world.standard import MONDAY, S1, TERM, YEAR, duty, session

# What each report is asked at least.
ASKED = {"school_id": S1, "term_id": TERM, "academic_year": YEAR, "date": MONDAY}
# Documents by the parameter that names them.
DOCUMENTS = {
    "publication_id": ("publications", {"kind": "monthly_workload", "period": "2025-09", "lines": []}),
    "submission_id": ("submissions", {"term_id": TERM, "lines": []}),
    "payment_id": ("payments", {"period": TERM, "lines": []}),
}
# Either a period of its own or a choice among three.
ONE_OF_THREE = {"/v1/reports/coverage": {"term_id": TERM}, "/v1/reports/evaluation": {"academic_year": YEAR}}
REPORTS = {
    path: {each["name"] for each in item["get"].get("parameters", [])}
    for path, item in create_app(Settings(_env_file=None)).openapi()["paths"].items()
    if path.startswith("/v1/reports/") and "get" in item
}


@pytest.mark.parametrize("path", REPORTS)
async def test_what_has_not_changed_is_304_and_what_has_is_told(school: District, path: str) -> None:
    await school.school(S1).post("sessions", session(staff={"T1": 1.5}))
    await school.school(S1).post("duties", duty())
    asked = ONE_OF_THREE.get(path) or {name: value for name, value in ASKED.items() if name in REPORTS[path]}
    address = path.replace("{school_id}", S1)
    for name, (resource, document) in DOCUMENTS.items():
        if f"{{{name}}}" in path:
            await school.school(S1).post(resource, {"school_id": S1, name: "d", **document})
            address = address.replace(f"{{{name}}}", "d")
    asked = {name: value for name, value in asked.items() if f"{{{name}}}" not in path}
    first = await school.auditor.read(address, **asked)
    assert first.status_code == 200, first.text
    known = {"If-None-Match": f'"another", {first.headers["etag"]}'}
    again = await school.auditor.read(address, headers=known, **asked)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    # Another format is another answer.
    assert (await school.auditor.read(address, headers=known, format="csv", **asked)).status_code == 200


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
