"""When a demo has come out right."""

from collections import Counter
from typing import Any

from services.cli.demo import Outcome
from services.cli.push import Pushed
from shared.money import Fen

LESSON = ("A09", "3101150001", "h1", "2025-09-08")
ROLLS = ("F13", "3101150001", "s1/3/3-1", "2025-09")


def _outcome(**given: Any) -> Outcome:
    usual = {"false": [], "missed": [], "planted_indicators": 10}
    return Outcome(
        pushed=Pushed(), marks=0, found=Counter(), planted=20, caught=20, pay_fen=Fen(0), paid_people=0, seconds={},
        **(usual | given),
    )  # fmt: skip


def test_rules_about_records_are_never_wrong_and_indicators_only_now_and_then() -> None:
    assert _outcome().is_right
    assert not _outcome(missed=[LESSON]).is_right
    assert not _outcome(false=[LESSON]).is_right
    assert _outcome(false=[ROLLS]).is_right
    assert _outcome(missed=[ROLLS], planted_indicators=2).is_right
    assert not _outcome(missed=[ROLLS], planted_indicators=1).is_right
