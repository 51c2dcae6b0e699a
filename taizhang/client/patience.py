"""How long a client tries: after which failures, how often, with which pauses."""

from dataclasses import dataclass
from random import random

import httpx

from taizhang.client.problems import Problem, TooManyRequests, Unavailable, Unreachable


@dataclass(frozen=True)
class Patience:
    """attempts: where nobody answers. attempts_when_told: where somebody says to come back, who needs time to recover.

    Pauses double from the first to the longest. A Retry-After is waited for, unless it asks for more than `longest_wait`.
    """

    attempts: int = 6
    attempts_when_told: int = 24
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0
    longest_wait_seconds: float = 120.0

    def pause_seconds(self, attempt: int, retry_after_seconds: float | None, *, spread: float) -> float:
        """What to wait after the attempt of this number, counted from 1.

        `spread`: 0 to 1, by which many who were turned away together do not come back together. Never sooner than told.
        """
        backoff = min(self.first_pause_seconds * 2.0 ** min(attempt - 1, 30), self.longest_pause_seconds)
        return max((1 + spread) / 2 * backoff, retry_after_seconds or 0.0)


class Attempts:
    """The attempts at one request."""

    def __init__(self, patience: Patience) -> None:
        """None made yet."""
        self._patience = patience
        self._made = 0
        self._allowed = patience.attempts

    def pause_seconds_after(self, failure: Problem | httpx.TransportError) -> float:
        """What to wait before the next attempt. Raises the Problem, or Unreachable, when another one is of no use.

        Every request that this client sends may be sent again: records are known by their key, steps by theirs.
        """
        self._made += 1
        asked: float | None = None
        if isinstance(failure, TooManyRequests | Unavailable):
            asked = failure.retry_after_seconds
            self._allowed = self._patience.attempts_when_told
        elif isinstance(failure, Problem):
            raise failure
        if self._made >= self._allowed or (asked or 0.0) > self._patience.longest_wait_seconds:
            raise (
                failure
                if isinstance(failure, Problem)
                else Unreachable(f"no answer to {self._made} attempts: {failure!r}")
            ) from failure
        return self._patience.pause_seconds(self._made, asked, spread=random())  # noqa: S311 no secret
