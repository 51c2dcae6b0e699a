"""Whose chain keeps a record that does not say it: that of a person's school, or of the office that looks after a school."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import asyncpg
from msgspec import Struct

from services.ledger_api.ingest.batch import Sender, places_of
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.resource import Resource
from shared.database import ACQUIRE_SECONDS, show
from shared.problems import Fault, Invalid
from shared.vocabulary import CENTRES

Payload = TypeVar("Payload", bound=Struct)


async def homes_of(
    pool: asyncpg.Pool, resource: Resource[Payload], entries: Decoded[Payload], sender: Sender
) -> dict[str, str]:
    """Of what is kept with a person or at an office: staff_id or school_id -> whose chain keeps it."""
    if resource.home == "staff_id":
        return await _homes_of_staff(pool, entries.records, sender)
    if resource.home == "office":
        return await _offices_of(pool, entries, sender)
    return {}


async def _offices_of(pool: asyncpg.Pool, entries: Decoded[Any], sender: Sender) -> dict[str, str]:
    """school_id -> the centre that writes, or the one that looks after the school where it is the bureau.

    Raises Invalid (404) for a school that the sender does not look after.
    """
    named = {record.school_id for record in entries.records}
    stage = sender.caller.visible.stage
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction(readonly=True):
        await show(connection, sender.caller.visible)
        rows = await connection.fetch(
            "select school_id, coalesce(centre, stages[1]) as stage from ledger.school where school_id = any ($1)",
            list(named),
        )
    homes = {row["school_id"]: CENTRES[stage or row["stage"]] for row in rows}
    if not sender.caller.visible.district and named - homes.keys():
        places = places_of(entries.pointer, (record.school_id for record in entries.records))
        others = sorted(named - homes.keys())
        raise Invalid([Fault(places[each], "unknown_school", {"school_id": each}) for each in others], status=404)
    return homes


async def _homes_of_staff(pool: asyncpg.Pool, records: Sequence[Struct], sender: Sender) -> dict[str, str]:
    """staff_id -> the school that registered them, of those the sender may see."""
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction(readonly=True):
        await show(connection, sender.caller.visible)
        rows = await connection.fetch(
            "select person_id, school_id from ledger.person where resource = 'staff' and person_id = any ($1)",
            list({getattr(record, "staff_id", "") for record in records}),
        )
    return {row["person_id"]: row["school_id"] for row in rows}


async def known_providers(pool: asyncpg.Pool, provider_ids: Collection[str], sender: Sender) -> Collection[str]:
    """Those of the providers named that are on the district's list."""
    if not provider_ids:
        return ()
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction(readonly=True):
        await show(connection, sender.caller.visible)
        rows = await connection.fetch(
            "select key from ledger.current_entry where resource = 'providers' and key = any ($1)",
            list(provider_ids),
        )
    return {row["key"] for row in rows}
