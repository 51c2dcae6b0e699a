"""The receipt of a batch: what became of its records, and where each school's chain now ends."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from taizhang.client.problems import RowError


@dataclass(frozen=True)
class ChainPosition:
    """The end of one school's chain after the batch. head: SHA-256 in hexadecimal."""

    school_id: str
    seq: int
    head: str


@dataclass(frozen=True)
class Receipt:
    """received = created + revised + unchanged + rejected. Given after the records are on disk.

    errors: in partial mode, what was wrong with the rejected, at most 100 of `error_count`. chains: none when nothing changed.
    """

    batch_id: str
    received: int
    created: int
    revised: int
    unchanged: int
    rejected: int
    errors: tuple[RowError, ...]
    error_count: int
    chains: tuple[ChainPosition, ...]
    recorded_at: datetime

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Receipt":
        """From the JSON of an answer; what a later service adds to it is passed over."""
        return cls(
            batch_id=said["batch_id"],
            received=said["received"],
            created=said["created"],
            revised=said["revised"],
            unchanged=said["unchanged"],
            rejected=said["rejected"],
            errors=tuple(RowError(each["pointer"], each["code"], each["detail"]) for each in said["errors"]),
            error_count=said.get("error_count", len(said["errors"])),
            chains=tuple(ChainPosition(each["school_id"], each["seq"], each["head"]) for each in said["chains"]),
            recorded_at=datetime.fromisoformat(said["recorded_at"]),
        )

    def moved(self, by: int) -> "Receipt":
        """The same, with the places of its errors counted from `by` records before."""
        return replace(self, errors=tuple(error.moved(by) for error in self.errors))
