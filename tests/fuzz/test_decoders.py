"""What the fuzzers begin with, and what once broke a decoder: it is taken or refused with words, whoever fuzzes or not."""

from pathlib import Path

import pytest

from tests.fuzz.decoders import DECODERS
from tests.fuzz.seeds import seeds

FOUND = sorted((Path(__file__).parent / "found").glob("*/*"))


def test_every_decoder_has_something_to_begin_with() -> None:
    assert seeds().keys() == DECODERS.keys()


@pytest.mark.parametrize("name", DECODERS)
def test_right_input_cut_anywhere_is_taken_or_refused(name: str) -> None:
    for whole in seeds()[name]:
        for end in {0, 1, 2, len(whole) // 3, len(whole) // 2, len(whole) - 1, len(whole)}:
            DECODERS[name](whole[:end])


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_broke_a_decoder_is_refused(path: Path) -> None:
    DECODERS[path.parent.name](path.read_bytes())
