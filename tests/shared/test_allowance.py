"""A client may make so many requests a second, and catch up after a silence; never more."""

from hypothesis import given
from hypothesis import strategies as st

from shared.allowance import BURST_SECONDS, Allowance


@given(st.integers(1, 50), st.lists(st.floats(0, 30), max_size=400))
def test_no_client_gets_more_than_its_rate_and_one_burst(per_second: int, pauses: list[float]) -> None:
    now = 0.0
    allowance = Allowance(per_second, clock=lambda: now)
    taken = 0
    for pause in pauses:
        now += pause
        wait = allowance.take("one")
        assert wait >= 0
        taken += wait == 0
    assert taken <= per_second * (now + BURST_SECONDS) + 1


def test_who_waits_as_told_is_let_in_and_others_never_wait_for_them() -> None:
    now = 0.0
    allowance = Allowance(2, clock=lambda: now)
    while not (wait := allowance.take("hasty")):
        pass
    assert allowance.take("calm") == 0
    now += wait
    assert allowance.take("hasty") == 0
