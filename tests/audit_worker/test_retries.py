"""The waits between attempts: longer each time, spread by chance, three days in all."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.audit_worker.retries import FIRST, LONGEST, PATIENCE, wait_before_next

chances = st.floats(0, 1, exclude_max=True)
moments = st.timedeltas(timedelta(0), PATIENCE * 2)


def _schedule(chance: float) -> list[timedelta]:
    """When each attempt after the first failure is made, counted from it."""
    times = [timedelta(0)]
    while (wait := wait_before_next(len(times), times[-1], chance)) is not None:
        times.append(times[-1] + wait)
    return times


@given(chances)
def test_attempts_go_on_for_three_days_to_the_end_and_not_beyond(chance: float) -> None:
    times = _schedule(chance)
    assert times[-1] == PATIENCE
    assert 20 <= len(times) <= 60


@given(chances)
def test_each_wait_is_at_least_as_long_as_the_one_before_until_the_last(chance: float) -> None:
    waits = [later - earlier for earlier, later in pairwise(_schedule(chance))]
    assert FIRST / 2 <= waits[0] <= FIRST
    assert all(earlier <= later for earlier, later in pairwise(waits[:-1]))
    assert all(wait <= LONGEST for wait in waits)


@given(st.integers(1, 10**6), moments, chances, st.none() | st.timedeltas(timedelta(0), timedelta(days=400)))
def test_no_wait_leads_beyond_the_three_days_whatever_the_receiver_asks_for(
    attempts: int, failing_for: timedelta, chance: float, asked: timedelta | None
) -> None:
    wait = wait_before_next(attempts, failing_for, chance, asked=asked)
    if failing_for >= PATIENCE:
        assert wait is None
    else:
        assert wait is not None
        assert timedelta(0) < wait <= LONGEST
        assert failing_for + wait <= PATIENCE


@given(st.integers(1, 30), chances)
def test_what_the_receiver_asks_for_is_heeded(attempts: int, chance: float) -> None:
    asked = timedelta(minutes=90)
    wait = wait_before_next(attempts, timedelta(0), chance, asked=asked)
    assert wait is not None
    assert wait >= asked


def test_chance_spreads_the_upper_half() -> None:
    whole = wait_before_next(5, timedelta(0), 0.9999999)
    assert wait_before_next(5, timedelta(0), 0.0) == timedelta(seconds=40)
    assert whole is not None
    assert timedelta(seconds=79) < whole <= timedelta(seconds=80)
