"""The catalogue as a document: docs/rules.md is what the rules' headers say."""

from pathlib import Path

from typer.testing import CliRunner

from services.audit_worker.catalogue import read_catalogue
from services.cli.main import app
from services.cli.rule_book import FAMILIES, rule_book

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_document_is_what_the_headers_say() -> None:
    assert DOCUMENT.read_text("utf-8") == rule_book(read_catalogue()) + "\n"


def test_every_rule_stands_there_in_both_languages_with_its_parameters() -> None:
    book = rule_book(rules := read_catalogue())
    for header in (rule.header for rule in rules):
        assert f"### {header.code} {header.name.zh} / {header.name.en}" in book
        assert f"{header.says.zh} / {header.says.en}" in book
        assert FAMILIES[header.code[0]] in book
        assert all(f"`{name}` = {parameter.default}" in book for name, parameter in header.parameters.items())


def test_the_command_prints_the_document() -> None:
    assert CliRunner().invoke(app, ["audit", "rules", "--format", "md"]).output == DOCUMENT.read_text("utf-8")
