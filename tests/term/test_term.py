"""One term, played whole."""

from tests.term.conftest import Term


def test_the_guide_was_followed(term: Term) -> None:
    assert term.running.ended() is None
