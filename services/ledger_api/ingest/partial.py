"""Partial mode: what is good of a body lands in one batch; the rest is named and kept for a while."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.decode import Decoded, Rejected
from services.ledger_api.ingest.receipt import Receipt, receipt_of
from shared.database import ACQUIRE_SECONDS, show
from shared.problems import Fault, Invalid


async def append_partially(
    decoded: Decoded[Any], append: Callable[[Decoded[Any], Sender], Awaitable[Receipt]], sender: Sender
) -> tuple[Receipt, Sequence[Rejected]]:
    """Append all of a body that can be appended, in one batch; the rest with what is wrong with it."""
    # A body that was not taken whole is no receipt for its replay.
    sender = replace(sender, body_digest=None)
    while decoded.records:
        try:
            return await append(decoded, sender), sorted(decoded.rejected, key=lambda each: each.place)
        except Invalid as invalid:
            decoded = decoded.without(_of_every_record(invalid.faults, decoded))
    return receipt_of(uuid4(), [], received=0), sorted(decoded.rejected, key=lambda each: each.place)


def _of_every_record(faults: Sequence[Fault], decoded: Decoded[Any]) -> list[Fault]:
    """A school that is not the sender's is named once; it is the fault of every record that names it."""
    unknown = {fault.values["school_id"] for fault in faults if fault.code == "unknown_school"}
    return [
        *(fault for fault in faults if fault.code != "unknown_school"),
        *(
            Fault(decoded.pointer(index, "school_id"), "unknown_school", {"school_id": record.school_id})
            for index, record in enumerate(decoded.records)
            if getattr(record, "school_id", None) in unknown
        ),
    ]


async def keep_rejected(
    pool: asyncpg.Pool, rejected: Sequence[Rejected], receipt: Receipt, resource: str, sender: Sender
) -> None:
    """Keep what a request in partial mode was turned away for, until nobody will ask for it any more."""
    visible = sender.caller.visible
    # What a centre was turned away for is the centre's, and none of the schools' that it looks after.
    own = f"centre-{visible.stage}" if visible.stage else visible.schools[0] if visible.schools else ""
    rows = [
        (
            UUID(receipt.batch_id),
            each.place,
            own,
            resource,
            sender.caller.client_id,
            each.text.decode("utf-8", "replace").replace("\0", "\ufffd"),
            msgspec.json.encode([fault.stored() for fault in each.faults]).decode(),
            receipt.recorded_at,
        )
        for each in rejected
    ]
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await show(connection, visible)
        await connection.executemany(
            "insert into ledger.rejection values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8)", rows
        )
