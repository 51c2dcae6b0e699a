"""docs/clauses.yaml: every requirement once, and whatever it names is there."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.audit_worker.catalogue import read_catalogue
from services.ledger_api.app import create_app as create_ledger
from services.reporting.app import create_app as create_reporting
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
REQUIREMENTS: list[dict[str, Any]] = yaml.load((ROOT / "docs/clauses.yaml").read_text("utf-8"), yaml.CSafeLoader)
RULES = {rule.code: rule for rule in read_catalogue()}


def _operations() -> set[str]:
    settings = Settings(_env_file=None)
    return {
        f"{method.upper()} {path}"
        for create in (create_ledger, create_reporting)
        for path, item in create(settings).openapi()["paths"].items()
        for method in item
    }


OPERATIONS = _operations()
EXISTS = {
    "endpoint": lambda name: name in OPERATIONS,
    "report": lambda name: name.startswith("GET ") and name in OPERATIONS,
    "rule": lambda name: name in RULES,
    "test": lambda name: (ROOT / name).is_file(),
}


def test_every_requirement_is_there_once_and_in_order() -> None:
    assert [each["id"] for each in REQUIREMENTS] == [f"R{number:03}" for number in range(1, 132)]


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each["id"])
def test_what_covers_it_exists(requirement: dict[str, Any]) -> None:
    assert requirement.keys() <= {"id", "clause", "says", "covered_by", "lacks"}
    covered_by = requirement["covered_by"]
    if covered_by == "not yet":
        assert "lacks" not in requirement
        return
    assert covered_by
    for each in covered_by:
        kind, _, name = each.partition(" ")
        assert EXISTS[kind](name), f"there is no {each}"


@pytest.mark.parametrize("code", RULES)
def test_the_clauses_of_a_rule_are_clauses_of_the_notice(code: str) -> None:
    assert set(RULES[code].header.clause) <= {each["clause"] for each in REQUIREMENTS}


def test_every_rule_answers_a_requirement() -> None:
    named = {each for requirement in REQUIREMENTS for each in requirement["covered_by"]}
    assert {f"rule {code}" for code in RULES} <= named
