"""The answer of every bulk write: what became of the records and where each school's chain now ends."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from pydantic import BaseModel


class ChainPosition(BaseModel):
    """The end of one school's chain after the batch."""

    school_id: str
    seq: int
    head: str


class Receipt(BaseModel):
    """received = created + revised + unchanged + rejected; a batch that changed nothing has no chains.

    `errors`: in partial mode, what was wrong with the rejected, at most 100 places; `error_count` says how many there are.
    """

    batch_id: str
    received: int
    created: int
    revised: int
    unchanged: int
    rejected: int
    errors: list[dict[str, str]]
    error_count: int = 0
    chains: list[ChainPosition]
    recorded_at: datetime


def receipt_of(batch_id: UUID, appended: Sequence[asyncpg.Record], *, received: int) -> Receipt:
    """What became of a batch: `appended`, one row a school that learnt something, or one that only says when."""
    created = sum(row["created"] for row in appended)
    revised = sum(row["revised"] for row in appended)
    return Receipt(
        batch_id=str(batch_id),
        received=received,
        created=created,
        revised=revised,
        unchanged=received - created - revised,
        rejected=0,
        errors=[],
        chains=[
            ChainPosition(school_id=row["school_id"], seq=row["seq"], head=row["head"].hex())
            for row in appended
            if row["school_id"] is not None
        ],
        recorded_at=appended[0]["recorded_at"] if appended else datetime.now(UTC),
    )
