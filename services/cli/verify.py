"""`taizhang verify`: every digest and every chain, recomputed from the stored rows."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import asyncpg

from shared.chain import (
    GENESIS,
    batch_digest,
    digest_of,
    leaf,
    link,
    microseconds_of,
    stored_entry,
    stored_roll,
    stored_session,
)

ROWS_AT_ONCE = 2000

# The tables of facts: their key in a chain's leaves, and the bytes that their digests are over.
_TABLES: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], bytes]]] = (
    ("sessions", "select *, session_id as key from ledger.session_revision where school_id = $1", stored_session),
    (
        "attendance",
        "select *, service_date || '/' || session_id as key from ledger.attendance_revision where school_id = $1",
        stored_roll,
    ),
    (
        "",
        """
        select entry.*, case when entry.revision = 1 then person.number end as number
        from ledger.entry
        left join ledger.person on person.resource = entry.resource and person.person_id = entry.key
        where entry.school_id = $1
        """,
        stored_entry,
    ),
)


@dataclass(frozen=True)
class Broken:
    """The first thing of a school that is not as it was recorded: where, and what is wrong."""

    school_id: str
    seq: int | None
    batch_id: str | None
    record: str | None
    what: str


@dataclass(frozen=True)
class Verified:
    """A school whose chain holds, or the first thing that does not."""

    school_id: str
    entries: int
    records: int
    broken: Broken | None


async def verify_ledger(
    database_url: str, school: str | None, progress: Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
) -> list[Verified]:
    """Verify one school or all of them, one after the other; none when the school is not there."""
    connection = await asyncpg.connect(database_url, server_settings={"datestyle": "ISO"})
    try:
        schools = [each for each in await _schools(connection) if school in {None, each}]
        verified = []
        with progress("verifying", len(schools)) as advance:
            for school_id in schools:
                verified.append(await verify_school(connection, school_id))
                advance(1)
    finally:
        await connection.close()
    return verified


async def _schools(connection: asyncpg.Connection) -> list[str]:
    """Every chain, the district's own among them."""
    rows = await connection.fetch(
        "select school_id from ledger.chain_head union select school_id from ledger.chain_entry order by 1"
    )
    return [row["school_id"] for row in rows]


async def verify_school(connection: asyncpg.Connection, school_id: str) -> Verified:
    """Recompute one school's rows, batches and links, as of one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        chain = await connection.fetch(
            "select chain_entry.*, batch.client_id from ledger.chain_entry left join ledger.batch using (batch_id) "
            "where chain_entry.school_id = $1 order by seq",
            school_id,
        )
        stored = await connection.fetchrow("select seq, head from ledger.chain_head where school_id = $1", school_id)
        leaves: dict[Any, list[tuple[bytes, int, str]]] = defaultdict(list)
        records, broken = 0, None
        for resource, query, canonical_of in _TABLES:
            async for row in connection.cursor(query, school_id, prefetch=ROWS_AT_ONCE):
                records += 1
                of = resource or row["resource"]
                if broken is None and digest_of(canonical_of(row)) != row["digest"]:
                    broken = _at(school_id, row, "the record is not what its digest says")
                line = leaf(of, row["key"], row["revision"], row["digest"], row["reason"], row.get("number"))
                leaves[row["batch_id"]].append((row["key"].encode(), row["revision"], line))
    broken = broken or next(_broken_links(school_id, chain, stored, leaves), None)
    return Verified(school_id, len(chain), records, broken)


def _broken_links(
    school_id: str,
    chain: Sequence[asyncpg.Record],
    stored: asyncpg.Record | None,
    leaves: Mapping[Any, list[tuple[bytes, int, str]]],
) -> Iterator[Broken]:
    """What does not hold along the chain, in its order."""
    head, length = GENESIS, 0
    for entry in chain:
        length += 1

        def wrong(what: str, entry: asyncpg.Record = entry) -> Broken:
            return Broken(school_id, entry["seq"], str(entry["batch_id"]), None, what)

        if entry["seq"] != length:
            yield wrong(f"entry {length} of the chain is missing")
            return
        if entry["previous"] != head:
            yield wrong("the entry does not follow the one before it")
        if entry["client_id"] is None:
            yield wrong("the batch of the entry is missing")
            continue
        lines = [line for _key, _revision, line in sorted(leaves.get(entry["batch_id"], ()))]
        computed = batch_digest(
            str(entry["batch_id"]), entry["client_id"], microseconds_of(entry["recorded_at"]), lines
        )
        if computed != entry["digest"]:
            yield wrong("the batch is not what its digest says: a record was changed, dropped or added, or its header")
        head = link(entry["previous"], entry["digest"])
        if entry["head"] != head:
            yield wrong("the entry's head is not the hash of the head before it and its digest")
    known = {entry["batch_id"] for entry in chain}
    for batch_id in leaves.keys() - known:
        yield Broken(
            school_id, None, str(batch_id), leaves[batch_id][0][0].decode(), "the record is in no batch of the chain"
        )
    if stored is None or (stored["seq"], stored["head"]) != (length, head):
        yield Broken(school_id, length, None, None, "the chain does not end where its head says")


def _at(school_id: str, row: asyncpg.Record, what: str) -> Broken:
    return Broken(school_id, None, str(row["batch_id"]), f"{row['key']}#{row['revision']}", what)
