"""The words of what schools arrange are part of the code lists."""

from shared.vocabulary import CODE_LISTS
from shared.words import WORDS_OF_ARRANGEMENTS


def test_the_code_lists_have_the_words_of_what_schools_arrange() -> None:
    assert {name: CODE_LISTS[name] for name in WORDS_OF_ARRANGEMENTS} == WORDS_OF_ARRANGEMENTS
