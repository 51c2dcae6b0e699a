"""When a webhook that was not taken is sent again: twice as long each time, with chance in it, for three days. Pure."""

from datetime import timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=4)
PATIENCE = timedelta(days=3)
# Doublings beyond this are all longer than LONGEST.
_DOUBLINGS = 20


def wait_before_next(
    attempts: int, failing_for: timedelta, chance: float, *, asked: timedelta | None = None
) -> timedelta | None:
    """How long to wait after so many failed attempts (at least one); None: no more, three days are over.

    `chance`, in [0, 1), spreads the waits over the upper half of each, so that many schools' queues do not come back at
    once. `asked`: what the receiver's Retry-After says, heeded up to LONGEST. The last attempt is at the end of the three
    days, not before.
    """
    left = PATIENCE - failing_for
    if left <= timedelta(0):
        return None
    whole: timedelta = min(LONGEST, FIRST * 2 ** min(attempts - 1, _DOUBLINGS))
    wait = whole * (0.5 + chance / 2)
    return min(max(wait, min(asked or timedelta(0), LONGEST)), left)
