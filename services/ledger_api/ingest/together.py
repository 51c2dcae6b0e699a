"""Several entries as one: in one transaction, under the locks of their schools, all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
from msgspec import Struct

from services.ledger_api.ingest.append import Ledger
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.precondition import Precondition
from services.ledger_api.ingest.receipt import Receipt
from services.ledger_api.ingest.resource import Resource
from shared.database import ACQUIRE_SECONDS


@dataclass(frozen=True)
class Entry:
    """One record to append, and what must hold of the one that it revises."""

    resource: Resource[Any]
    record: Struct
    precondition: Precondition | None = None


async def append_together(ledger: Ledger, entries: Sequence[Entry], sender: Sender) -> list[Receipt]:
    """Append them in their order, each a batch of its own in its school's chain; returns their receipts.

    Raises what Ledger.append_entries raises; Refused (412) when a precondition does not hold. Nothing is written then.
    """
    prepared = [
        (
            await ledger.batch_of(entry.resource, decoded := Decoded([entry.record], "object"), sender),
            decoded,
            replace(sender, precondition=entry.precondition),
        )
        for entry in entries
    ]
    async with ledger.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        receipts = await _append(connection, ledger, prepared)
    ledger.appended(receipts[-1], sender)
    return receipts


async def _append(connection: asyncpg.Connection, ledger: Ledger, prepared: Sequence[tuple[Any, ...]]) -> list[Receipt]:
    async with connection.transaction():
        return [
            await ledger.write_under_lock(connection, batch, sender, decoded.pointer)
            for batch, decoded, sender in prepared
        ]
