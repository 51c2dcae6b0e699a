"""When a client tries again, and how long it waits before."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taizhang.client import NotFound, Patience, Unavailable, Unreachable
from taizhang.client.patience import Attempts
from taizhang.client.problems import problem_of, retry_after_seconds

NOW = datetime(2025, 9, 8, 8, tzinfo=UTC)


@given(st.integers(1, 10_000), st.none() | st.floats(0, 1000), st.floats(0, 1))
def test_a_pause_is_never_shorter_than_told_and_never_longer_than_both(
    attempt: int, told: float | None, spread: float
) -> None:
    patience = Patience(first_pause_seconds=0.25, longest_pause_seconds=4)
    pause = patience.pause_seconds(attempt, told, spread=spread)
    assert (told or 0) <= pause <= max(4, told or 0)
    assert patience.pause_seconds(attempt + 1, told, spread=spread) >= pause


@given(st.integers(0, 10**6))
def test_retry_after_is_read_as_seconds_and_as_a_date(seconds: int) -> None:
    assert retry_after_seconds(str(seconds), NOW) == seconds
    assert retry_after_seconds(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == seconds
    assert retry_after_seconds(format_datetime(NOW - timedelta(seconds=seconds), usegmt=True), NOW) == 0


def test_a_retry_after_that_says_nothing_is_none() -> None:
    assert retry_after_seconds(None, NOW) is None
    assert retry_after_seconds("soon", NOW) is None


def _answered(status: int, **headers: str) -> Unavailable | NotFound:
    return problem_of(httpx.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()}))


def test_what_the_service_says_no_to_is_not_asked_again() -> None:
    with pytest.raises(NotFound):
        Attempts(Patience()).pause_seconds_after(_answered(404))


def test_who_is_told_to_come_back_tries_longer_than_who_hears_nothing() -> None:
    patience = Patience(attempts=2, attempts_when_told=4)
    unheard, told = Attempts(patience), Attempts(patience)
    unheard.pause_seconds_after(httpx.ConnectError("refused"))
    with pytest.raises(Unreachable, match="2 attempts"):
        unheard.pause_seconds_after(httpx.ConnectError("refused"))
    for _ in range(3):
        assert told.pause_seconds_after(_answered(503, retry_after="7")) == 7
    with pytest.raises(Unavailable):
        told.pause_seconds_after(_answered(503, retry_after="7"))


def test_who_is_told_to_come_back_tomorrow_says_so_now() -> None:
    with pytest.raises(Unavailable) as refused:
        Attempts(Patience()).pause_seconds_after(_answered(503, retry_after="86400"))
    assert refused.value.retry_after_seconds == 86400
