"""`taizhang verify`: every digest and every chain, recomputed from the stored rows."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from services.cli.verify_archives import AtHand, archived_batches, archives_at_hand
from shared.chain import (
    GENESIS,
    ROLL_COLUMNS,
    Erasures,
    batch_digest,
    digest_of,
    erasures_of,
    leaf,
    link,
    provable,
    stored_header,
    stored_roll,
    stored_session,
)

ROWS_AT_ONCE = 2000

# A row of a batch: its key, revision, leaf, and when it says it was recorded.
_Leaf = tuple[bytes, int, str, datetime]

# The tables of facts: their key in a chain's leaves, and the bytes that their digests are over; entries say it themselves.
_TABLES: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], bytes] | None]] = (
    ("sessions", "select *, session_id as key from ledger.session_revision where school_id = $1", stored_session),
    (
        "attendance",
        f"""
        select {ROLL_COLUMNS}, revision, reason, batch_id, recorded_at, service_date || '/' || session_id as key
        from ledger.attendance_revision where school_id = $1
        """,  # noqa: S608 a constant
        stored_roll,
    ),
    (
        "",
        """
        select entry.*, case when entry.revision = 1 then person.number end as number
        from ledger.entry
        left join ledger.person
            on
                person.resource = entry.resource
                and person.person_id = entry.key
                and person.school_id = entry.school_id
        where entry.school_id = $1
        """,
        None,
    ),
)

# Whether a batch says of itself what its chain entries say: what, when, of whom, how many.
_CHAIN = """
    select
        chain_entry.*, batch.client_id, batch.request_id, batch.body_digest, batch.received,
        (batch.resource, batch.recorded_at, batch.schools, batch.created, batch.revised, batch.unchanged)
        is not distinct from (
            chain_entry.resource, chain_entry.recorded_at, whole.schools, whole.created, whole.revised,
            batch.received - whole.created - whole.revised
        ) as batch_agrees
    from ledger.chain_entry
    left join ledger.batch using (batch_id)
    cross join lateral (
        select
            array_agg(part.school_id order by part.school_id) as schools,
            sum(part.records - part.revised) as created,
            sum(part.revised) as revised
        from ledger.chain_entry as part
        where part.batch_id = chain_entry.batch_id
    ) as whole
    where chain_entry.school_id = $1
    order by chain_entry.seq
"""
_ERASURES = "select batch_id, content from ledger.entry where school_id = $1 and resource = 'erasures'"
# Every school of which there is anything, the district itself among them.
_SCHOOLS = """
    select school_id from ledger.chain_head
    union select school_id from ledger.chain_entry
    union select school_id from ledger.entry
    union select school_id from ledger.session_revision
    union select school_id from ledger.attendance_revision
    union select school_id from ledger.person
    union select coalesce(schools[1], 'district') from ledger.batch
    order by 1
"""
# A batch that is in no chain, a person that is in no register: nobody of ours writes such.
_STRAYS = """
    select 'batch ' || batch_id as what
    from ledger.batch
    where coalesce(schools[1], 'district') = $1
        and not exists (select from ledger.chain_entry where chain_entry.batch_id = batch.batch_id)
    union all
    select 'person ' || resource || '/' || person_id
    from ledger.person
    where school_id = $1
        and not exists (
            select from ledger.entry
            where entry.school_id = $1 and entry.resource = person.resource and entry.key = person.person_id
        )
    order by 1
    limit 1
"""


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
    # Entries of which records lie in an archive that is not at hand: their links hold, their records were not looked at.
    archived: int = 0


async def verify_ledger(
    database_url: str,
    school: str | None,
    progress: Callable[[str, int], AbstractContextManager[Callable[[int], None]]],
    archives: Sequence[Path] = (),
) -> list[Verified]:
    """Verify one school or all of them, one after the other; none when the school is not there. Of all, the result is kept.

    `archives`: the directories of archived school years whose records are verified too. Raises ArchiveRefused.
    """
    connection = await asyncpg.connect(database_url, server_settings={"datestyle": "ISO"})
    try:
        schools = [each for each in await _schools(connection) if school in {None, each}]
        at_hand = await archives_at_hand(connection, archives)
        verified = [
            Verified("district", 0, 0, Broken("district", None, None, f"archives/{year}", what))
            for year, what in at_hand.broken
        ]
        with progress("verifying", len(schools)) as advance:
            for school_id in schools:
                verified.append(await verify_school(connection, school_id, at_hand))
                advance(1)
        # A standby is verified as well; it keeps nothing.
        if school is None and not await connection.fetchval("select pg_is_in_recovery()"):
            await connection.execute(
                "insert into audit.verification (schools, broken_schools) values ($1, $2)",
                len(schools),
                sum(each.broken is not None for each in verified),
            )
    finally:
        await connection.close()
    return verified


async def _schools(connection: asyncpg.Connection) -> list[str]:
    return [row["school_id"] for row in await connection.fetch(_SCHOOLS)]


async def verify_school(connection: asyncpg.Connection, school_id: str, at_hand: AtHand) -> Verified:
    """Recompute one school's rows, batches and links, as of one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        chain = await connection.fetch(_CHAIN, school_id)
        stored = await connection.fetchrow("select * from ledger.chain_head where school_id = $1", school_id)
        stray = await connection.fetchval(_STRAYS, school_id)
        erasures = erasures_of(await connection.fetch(_ERASURES, school_id))
        away = await archived_batches(connection, school_id, at_hand)
        leaves: dict[Any, list[_Leaf]] = defaultdict(list)
        records, broken = 0, None
        for resource, query, canonical_of in _TABLES:
            cursor = await connection.cursor(at_hand.with_archived(query), school_id)
            while rows := await cursor.fetch(ROWS_AT_ONCE):
                records += len(rows)
                for row in rows:
                    holds, leaf_key, line = _proven(resource, row, canonical_of, erasures)
                    if broken is None and not holds:
                        broken = _at(school_id, row, "the record is not what its digest says")
                    leaves[row["batch_id"]].append((leaf_key.encode(), row["revision"], line, row["recorded_at"]))
    broken = broken or next(_broken_links(school_id, chain, stored, leaves, away), None)
    if broken is None and stray is not None:
        broken = Broken(school_id, None, None, None, f"{stray} is in no chain")
    archived = sum(entry["batch_id"] in away for entry in chain)
    return Verified(school_id, len(chain), records, broken, archived)


def _proven(
    resource: str,
    row: asyncpg.Record,
    canonical_of: Callable[[Mapping[str, Any]], bytes] | None,
    erasures: Erasures,
) -> tuple[bool, str, str]:
    """Whether a row is as it was recorded or as its erasure says; the key of its leaf, and the leaf."""
    if canonical_of is None:
        entry = provable(row, erasures)
        return entry.holds, entry.leaf_key, entry.leaf
    line = leaf(resource, row["key"], row["revision"], row["digest"], row["reason"])
    return _is_as_digested(row, canonical_of), row["key"], line


def _is_as_digested(row: asyncpg.Record, canonical_of: Callable[[Mapping[str, Any]], bytes]) -> bool:
    try:
        return bool(digest_of(canonical_of(row)) == row["digest"])
    except (TypeError, ValueError):
        # Lists that do not go together, a time that is not there: nobody of ours wrote that.
        return False


def _broken_links(
    school_id: str,
    chain: Sequence[asyncpg.Record],
    stored: asyncpg.Record | None,
    leaves: Mapping[Any, list[_Leaf]],
    away: Collection[UUID],
) -> Iterator[Broken]:
    """What does not hold along the chain, in its order."""
    head, length, latest = GENESIS, 0, None
    for entry in chain:
        length += 1
        if entry["seq"] != length:
            yield _broken_entry(entry, f"entry {length} of the chain is missing")
            return
        if entry["previous"] != head:
            yield _broken_entry(entry, "the entry does not follow the one before it")
        if entry["client_id"] is None:
            yield _broken_entry(entry, "the batch of the entry is missing")
            continue
        # Of a batch whose records lie in an archive, its place in the chain is all that can be looked at.
        rows = None if entry["batch_id"] in away else sorted(leaves.get(entry["batch_id"], ()))
        what = _wrong_with_batch(entry, rows)
        if what is not None:
            yield _broken_entry(entry, what)
        head, latest = link(entry["previous"], entry["digest"]), entry["recorded_at"]
        if entry["head"] != head:
            yield _broken_entry(entry, "the entry's head is not the hash of the head before it and its digest")
    known = {entry["batch_id"] for entry in chain}
    for batch_id in leaves.keys() - known:
        yield Broken(
            school_id, None, str(batch_id), leaves[batch_id][0][0].decode(), "the record is in no batch of the chain"
        )
    if stored is None or (stored["seq"], stored["head"]) != (length, head):
        yield Broken(school_id, length, None, None, "the chain does not end where its head says")
    elif latest is not None and stored["recorded_at"] != latest:
        yield Broken(school_id, length, None, None, "the chain does not end when its head says")


def _wrong_with_batch(entry: asyncpg.Record, rows: Sequence[_Leaf] | None) -> str | None:
    """What is wrong with one batch of the chain; `rows`: its records' leaves in their order, None when they are not at hand."""
    if (
        rows is not None
        and batch_digest(stored_header(entry), (line for _key, _revision, line, _at in rows)) != entry["digest"]
    ):
        return "the batch is not what its digest says: a record was changed, dropped or added, or its header"
    if any(recorded_at != entry["recorded_at"] for _key, _revision, _line, recorded_at in rows or ()):
        return "a record says another instant than its batch"
    if not entry["batch_agrees"]:
        return "the batch says of itself what its chain entries do not"
    return None


def _broken_entry(entry: asyncpg.Record, what: str) -> Broken:
    return Broken(entry["school_id"], entry["seq"], str(entry["batch_id"]), None, what)


def _at(school_id: str, row: asyncpg.Record, what: str) -> Broken:
    return Broken(school_id, None, str(row["batch_id"]), f"{row['key']}#{row['revision']}", what)
