"""The state machines as a document: docs/state-machines.md is what the tables say."""

from pathlib import Path

import pytest

from services.cli.machine_book import machine_book
from services.ledger_api.machines import Machine
from services.ledger_api.oversight_procedures import MACHINES

DOCUMENT = Path(__file__).parents[2] / "docs" / "state-machines.md"


def test_the_document_is_what_the_tables_say() -> None:
    assert DOCUMENT.read_text("utf-8") == machine_book() + "\n"


@pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.resource)
def test_every_step_has_its_arrow_and_its_conditions_in_both_languages(machine: Machine) -> None:
    book = machine_book()
    section = book.partition(f": `/v1/{machine.resource}`\n")[2].partition("\n## ")[0]
    for name, step in machine.steps.items():
        for state in step.leaves:
            assert f"    {state} --> {step.to or state}: {name}\n" in section
        assert all(f"{each.zh} / {each.en}" in section for each in step.conditions)
    assert all(f"- {zh} / {en}" in section for zh, en in machine.must_never)
