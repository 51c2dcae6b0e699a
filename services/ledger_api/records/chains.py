"""A school's chain: its head, its length, its last batch; what proves that a batch is in it, unchanged."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.ledger_api.dependencies import Ledger, LedgerReader
from shared.chain import (
    ROLL_COLUMNS,
    Erasures,
    erasures_of,
    leaf,
    provable,
    stored_entry,
    stored_header,
    stored_roll,
    stored_session,
)
from shared.database import reading
from shared.problems import Refused

router = APIRouter(prefix="/v1/chains", tags=["chains"])


class Chain(BaseModel):
    """The end of a chain; `head` in hexadecimal."""

    school_id: str
    length: int
    head: str
    last_batch_id: str | None


@router.get("/{school_id}")
async def get_chain(school_id: Annotated[str, Path()], caller: LedgerReader, ledger: Ledger) -> Chain:
    """The head of the school's chain."""
    async with reading(ledger.pool, caller.visible) as connection:
        row = await connection.fetchrow(
            "select chain_head.school_id, chain_head.seq, chain_head.head, chain_entry.batch_id "
            "from ledger.chain_head left join ledger.chain_entry using (school_id, seq) where chain_head.school_id = $1",
            school_id,
        )
    if row is None:
        raise Refused("not_found")
    return Chain(
        school_id=row["school_id"],
        length=row["seq"],
        head=row["head"].hex(),
        last_batch_id=None if row["batch_id"] is None else str(row["batch_id"]),
    )


class ProvenRecord(BaseModel):
    """One revision of the batch: `digest` is sha256 over the UTF-8 of `canonical`, and stands in `leaf`.

    `salt` (hexadecimal): of what names a pupil; what stands in the leaf is then sha256 over the salt and that digest.
    `erased_by`: the batch of the erasure that says what was put in the record's place; the leaf is as it was.
    """

    leaf: str
    canonical: str
    salt: str | None = None
    erased_by: str | None = None


class Link(BaseModel):
    """One later batch of the chain: head = sha256(head before it ‖ digest)."""

    seq: int
    digest: str


class Proof(BaseModel):
    """What anyone needs to check that a batch is in a school's chain; docs/proof.md says how.

    The batch's digest is sha256 over `header` and the records' leaves, joined by line feeds.
    """

    school_id: str
    batch_id: str
    seq: int
    previous: str
    header: str
    records: list[ProvenRecord]
    following: list[Link]
    head: str


_ENTRY = """
    select chain_entry.*, batch.client_id, batch.request_id, batch.body_digest, batch.received
    from ledger.chain_entry inner join ledger.batch using (batch_id)
    where chain_entry.school_id = $1 and chain_entry.batch_id = $2
"""
# The rows of a batch in a school, by the kind of resource; leaves stand in the order of their keys' code points.
_ROWS = {
    "sessions": """
        select *, session_id as key from ledger.session_revision
        where school_id = $1 and batch_id = $2 order by session_id collate "C", revision
    """,
    "attendance": f"""
        select {ROLL_COLUMNS}, revision, reason, service_date || '/' || session_id as key from ledger.attendance_revision
        where school_id = $1 and batch_id = $2 order by (service_date || '/' || session_id) collate "C", revision
    """,  # noqa: S608 a constant
}
_ENTRIES = """
    select entry.*, case when entry.revision = 1 then person.number end as number
    from ledger.entry
    left join ledger.person on person.resource = entry.resource and person.person_id = entry.key
    where entry.school_id = $1 and entry.batch_id = $2
"""
_ERASURES = "select batch_id, content from ledger.entry where school_id = $1 and resource = 'erasures'"
_CANONICAL = {"sessions": stored_session, "attendance": stored_roll}


@router.get("/{school_id}/proof")
async def get_proof(school_id: str, batch_id: UUID, caller: LedgerReader, ledger: Ledger) -> Proof:
    """That a batch is in the school's chain, and what it said; checked with nothing but sha256."""
    async with reading(ledger.pool, caller.visible) as connection:
        entry = await connection.fetchrow(_ENTRY, school_id, batch_id)
        if entry is None:
            raise Refused("not_found")
        records = await _proven(connection, entry)
        following = await connection.fetch(
            "select seq, digest from ledger.chain_entry where school_id = $1 and seq > $2 order by seq",
            school_id,
            entry["seq"],
        )
        head = await connection.fetchval("select head from ledger.chain_head where school_id = $1", school_id)
    return Proof(
        school_id=school_id,
        batch_id=str(batch_id),
        seq=entry["seq"],
        previous=entry["previous"].hex(),
        header=stored_header(entry),
        records=records,
        following=[Link(seq=row["seq"], digest=row["digest"].hex()) for row in following],
        head=head.hex(),
    )


async def _proven(connection: asyncpg.Connection, entry: Any) -> list[ProvenRecord]:
    resource = entry["resource"]
    asked = entry["school_id"], entry["batch_id"]
    if resource not in _ROWS:
        return _proven_entries(
            await connection.fetch(_ENTRIES, *asked), erasures_of(await connection.fetch(_ERASURES, asked[0]))
        )
    rows = await connection.fetch(_ROWS[resource], *asked)
    return [
        ProvenRecord(
            leaf=leaf(resource, row["key"], row["revision"], row["digest"], row["reason"]),
            canonical=_CANONICAL[resource](row).decode(),
        )
        for row in rows
    ]


def _proven_entries(rows: Sequence[asyncpg.Record], erasures: Erasures) -> list[ProvenRecord]:
    """In the order of the keys in their leaves."""
    entries = sorted(
        ((provable(row, erasures), row) for row in rows), key=lambda each: (each[0].leaf_key, each[1]["revision"])
    )
    return [
        ProvenRecord(
            leaf=entry.leaf,
            canonical=stored_entry(row).decode(),
            salt=None if row["salt"] is None else row["salt"].hex,
            erased_by=None if entry.erased is None else str(entry.erased.batch_id),
        )
        for entry, row in entries
    ]
