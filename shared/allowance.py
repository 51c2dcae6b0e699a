"""How many requests a client may make: a bucket of tokens for each, filled at a steady rate. Pure but for its clock."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

# A client that was silent may catch up with so many seconds' worth at once.
BURST_SECONDS = 10
# Clients remembered; one that is forgotten begins anew with a full bucket.
CLIENTS_REMEMBERED = 10_000


class Allowance:
    """Each client's bucket."""

    def __init__(self, per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`per_second`: requests a client may make for ever; BURST_SECONDS times as many at once."""
        self._per_second = per_second
        self._full = float(per_second * BURST_SECONDS)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client_id: str) -> int:
        """Take one request; 0, or the whole seconds after which the client may try again."""
        now = self._clock()
        left, since = self._buckets.pop(client_id, (self._full, now))
        left = min(self._full, left + (now - since) * self._per_second)
        taken = left >= 1
        self._buckets[client_id] = (left - taken, now)
        if len(self._buckets) > CLIENTS_REMEMBERED:
            self._buckets.popitem(last=False)
        return 0 if taken else ceil((1 - left) / self._per_second)
