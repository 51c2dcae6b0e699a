"""The catalogue: headers whole, statements that prepare and return the finding's columns, a lock that matches."""

import shutil
from pathlib import Path

import asyncpg
import pytest

from services.audit_worker import catalogue
from services.audit_worker.catalogue import Rule, RuleInvalid, lock_lines, locked, read_catalogue

RULES = read_catalogue()
COLUMNS = {
    "school_id": "text",
    "subject_kind": "text",
    "subject": "text",
    "service_date": "date",
    "period": "text",
    "expected": "text",
    "found": "text",
    "hours_at_risk_hundredths": "int4",
    "amount_at_risk_fen": "int8",
    "evidence": "jsonb",
}


def test_the_lock_is_what_the_rules_are() -> None:
    """A statement or a default changes only with its version; then `rules.lock` is written anew."""
    assert "".join(f"{code} {version} {digest}\n" for code, (version, digest) in locked().items()) == lock_lines(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
async def test_a_rule_prepares_and_returns_exactly_the_findings_columns(rule: Rule, database_url: str) -> None:
    """One that says the rest in Python chooses its own columns, and finds nothing in nothing."""
    connection = await asyncpg.connect(database_url, server_settings={"role": "taizhang_audit"})
    try:
        prepared = await connection.prepare(rule.statement.text)
        if rule.find is None:
            assert {attribute.name: attribute.type.name for attribute in prepared.get_attributes()} == COLUMNS
        else:
            assert list(rule.find([], rule.parameters)) == []
    finally:
        await connection.close()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_file_is_named_after_its_code_in_the_room_of_its_family(rule: object) -> None:
    path: Path = rule.path  # type: ignore[attr-defined]
    code: str = rule.code  # type: ignore[attr-defined]
    assert path.name.startswith(f"{code.lower()}_")
    assert path.parent.name.startswith(f"{code[0].lower()}_")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_what_a_finding_says_never_names_fraud(rule: object) -> None:
    header = rule.header  # type: ignore[attr-defined]
    for sentence in (header.says.zh, header.says.en, header.name.zh, header.name.en):
        assert not any(word in sentence.lower() for word in ("fraud", "造假", "欺诈", "cheat"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("A99: {tolerance: 1}", "no rule A99"),
        ("A09: {tolerance: 1}", "no parameter tolerance"),
        ("A09: {effective_from: soon}", "effective_from"),
        ("A09: {tolerance_pupils: many}", "A09: tolerance_pupils is a number"),
        ("A09: {tolerance_pupils: 1.5}", "A09: tolerance_pupils is a whole number"),
        ("A09: {tolerance_pupils: true}", "A09: tolerance_pupils is a number"),
        ("- A09", "a mapping"),
        ("A09: {", "cannot be read"),
    ],
)
def test_a_wrong_configuration_stops_the_start_with_its_name(tmp_path: Path, config: str, said: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(config)
    with pytest.raises(RuleInvalid, match=said):
        read_catalogue(path)


def test_a_district_may_choose_its_own_threshold(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("A09: {tolerance_pupils: 2}")
    (rule,) = (rule for rule in read_catalogue(path) if rule.code == "A09")
    assert rule.parameters == {"tolerance_pupils": 2}


def test_the_lock_covers_what_a_rule_says_in_python(tmp_path: Path) -> None:
    """E01 over a copy of the rules whose `.py` says one word more."""
    shutil.copytree(catalogue.RULES, tmp_path / "rules")
    (changed,) = (tmp_path / "rules").glob("*/e01_*.py")
    changed.write_text(f"{changed.read_text('utf-8')}\n# Another thought.\n", "utf-8")
    now = {rule.code: rule.digest for rule in read_catalogue(folder=tmp_path / "rules")}
    assert [code for code, digest in now.items() if digest != locked()[code][1]] == ["E01"]
