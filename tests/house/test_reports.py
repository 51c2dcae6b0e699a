"""docs/reports.md: every report of the notice has an address, and every report that is there has a line."""

import re
from pathlib import Path

from services.reporting.app import create_app
from shared.settings import Settings

DOCUMENT = (Path(__file__).parents[2] / "docs/reports.md").read_text("utf-8")
SECTION = DOCUMENT.partition("## The reports of the notice")[2]
ROWS = [line.split("|")[1:-1] for line in SECTION.splitlines() if line.startswith("| ") and "---" not in line][1:]
OPERATIONS = create_app(Settings(_env_file=None)).openapi()["paths"]


def _addresses(cell: str) -> list[str]:
    return [each for each in re.findall(r"`([^`]+)`", cell) if each.startswith("/v1/")]


def test_each_of_the_twenty_five_reports_has_an_address_that_is_there() -> None:
    assert len(ROWS) == 25
    for report, _how_often, where in ROWS:
        assert _addresses(where), report
        assert set(_addresses(where)) <= OPERATIONS.keys(), report


def test_every_parameter_that_a_line_names_is_one_of_its_endpoint() -> None:
    for _report, _how_often, where in ROWS:
        for address, hint in re.findall(r"`(/v1/[^`]+)` \(([^)]*)\)", where):
            known = {each["name"] for each in OPERATIONS[address]["get"]["parameters"]}
            assert set(re.findall(r"`(\w+)=", hint)) <= known, address


def test_every_report_has_a_line() -> None:
    named = {address for row in ROWS for address in _addresses(row[2])}
    reports = {
        path for path, item in OPERATIONS.items() if path.startswith(("/v1/reports/", "/v1/ledger/")) if "get" in item
    }
    assert reports <= named
