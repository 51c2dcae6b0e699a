"""Records as they travel: lines of JSON, cut into bodies of a length that a service takes in a moment. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# A few hundred milliseconds of work for the ledger, and well below the 64 MiB it takes.
BATCH_BYTES = 1024 * 1024

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Batch:
    """One request's body, NDJSON of whole records. first: the place of its first record among all, counted from 0."""

    first: int
    records: int
    content: bytes


class Cutter:
    """Takes records one by one and gives the batches that they fill; holds one batch at most."""

    def __init__(self, longest_bytes: int = BATCH_BYTES) -> None:
        """`longest_bytes`: no batch is longer unless one record is."""
        self._longest_bytes = longest_bytes
        self._lines: list[bytes] = []
        self._bytes = 0
        self._first = 0

    def take(self, record: Record) -> Batch | None:
        """Add a record; the batch before it when that is full."""
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        full = self.rest() if self._bytes + len(line) > self._longest_bytes else None
        self._lines.append(line)
        self._bytes += len(line)
        return full

    def rest(self) -> Batch | None:
        """What is held, if anything; the next batch begins after it."""
        if not self._lines:
            return None
        batch = Batch(self._first, len(self._lines), b"".join(self._lines))
        self._first += len(self._lines)
        self._lines, self._bytes = [], 0
        return batch


def batches_of(records: Iterable[Record], *, longest_bytes: int = BATCH_BYTES) -> Iterator[Batch]:
    """The records in their order, in batches; read as they are asked for, so that they need not fit in memory."""
    cutter = Cutter(longest_bytes)
    for record in records:
        if (full := cutter.take(record)) is not None:
            yield full
    if (last := cutter.rest()) is not None:
        yield last
