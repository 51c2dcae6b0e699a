"""A document as it stands: its versions, the steps that were taken, what was decided of it, and the records they name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from services.ledger_api.ingest.payload import Identifier, Record, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.machines import Attempt, Content, Decision, Machine, Taken, Version
from services.ledger_api.oversight_procedures import MACHINES
from services.ledger_api.procedures import REVIEWED
from shared.chain import canonical
from shared.problems import Refused


class StepTaken(Record, frozen=True):
    """A step as the ledger keeps it: which of the document's, about which content, from which state to which."""

    school_id: str
    resource: Text
    document_id: Text
    number: int
    step: Identifier
    from_state: str
    to_state: str
    content_hash: str
    on: date
    revision: int
    by_kind: str
    facts: dict[str, Any]
    why: str | None = None
    idempotency_key: str | None = None


# What no school keeps: the key begins with the school or the stage that it is about.
KEYED_IN_PARTS = frozenset({"complaints", "indicator-sets"})
STEPS = Resource("steps", StepTaken, key=("resource", "document_id", "number"))

_FIND = """
    select distinct school_id, key
    from ledger.entry
    where resource = $1 and key = $2 and ($3::text is null or school_id = $3)
    limit 2
"""
# By the last part of a key that begins with the school or the stage.
_FIND_LAST = """
    select distinct school_id, key
    from ledger.entry
    where resource = $1 and substr(key, strpos(key, '/') + 1) = $2
    limit 2
"""
_VERSIONS = """
    select
        entry.school_id, entry.key, entry.revision, entry.state, entry.content, entry.reason, entry.recorded_at,
        entry.batch_id, batch.client_id, batch.request_id
    from unnest($1::text[], $2::text[]) as document (school_id, key)
    inner join ledger.entry on entry.school_id = document.school_id and entry.resource = $3 and entry.key = document.key
    inner join ledger.batch on batch.batch_id = entry.batch_id
    where entry.recorded_at <= coalesce($4, 'infinity'::timestamptz)
    order by entry.revision
"""
_TAKEN = """
    select
        entry.school_id, document.key, entry.content, entry.recorded_at, entry.batch_id, batch.client_id, batch.request_id,
        chain_entry.seq, chain_entry.head
    from unnest($1::text[], $2::text[]) as document (school_id, key)
    inner join ledger.entry
        on
            entry.resource = 'steps'
            and entry.school_id = document.school_id
            and entry.content ->> 'resource' = $3
            and entry.content ->> 'document_id' = document.key
    inner join ledger.batch on batch.batch_id = entry.batch_id
    inner join ledger.chain_entry on chain_entry.school_id = entry.school_id and chain_entry.batch_id = entry.batch_id
    where entry.recorded_at <= coalesce($4, 'infinity'::timestamptz)
    order by (entry.content ->> 'number')::integer
"""
_REVIEWS = """
    select review.school_id, document.key, review.key as review_id, review.content ->> 'decision' as decision, review.recorded_at
    from unnest($1::text[], $2::text[]) as document (school_id, key)
    inner join ledger.entry_as_of(coalesce($4, 'infinity'::timestamptz)) as review
        on
            review.resource = 'reviews'
            and review.school_id = document.school_id
            and review.content ->> $3 = document.key
"""
_NAMED = """
    select school_id, key, content
    from ledger.current_entry
    where school_id in ($1, 'district') and resource = $2
        and (key = any ($3) or substr(key, strpos(key, '/') + 1) = any ($3))
    order by school_id, key
"""
# A finding is as people decided last; that the data was corrected since undoes no decision.
_FINDINGS = """
    select distinct on (finding.finding_id) finding.finding_id, coalesce(disposition.state, 'open') as state
    from audit.finding
    left join ledger.disposition on disposition.finding_id = finding.finding_id and disposition.state is not null
    where finding.school_id = $1 and finding.finding_id = any ($2)
    order by finding.finding_id, disposition.number desc
"""
# The days of a month or a term on which a school worked class hours, and of which it has not said that they are complete.
_OPEN_DAYS = """
    with period as (
        select month.starts_on, (month.starts_on + interval '1 month - 1 day')::date as ends_on
        from unnest($2::text[]) as period (name)
        cross join lateral (select case when name ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then (name || '-01')::date end) as month (starts_on)
        where month.starts_on is not null
        union all
        select starts_on, ends_on from ledger.term where term_id = any ($2)
    )

    select distinct worked.service_date
    from period
    inner join ledger.work_entry as worked on worked.service_date between period.starts_on and period.ends_on
    left join ledger.day on day.school_id = worked.school_id and day.service_date = worked.service_date
    where worked.school_id = $1 and worked.class_hours_hundredths > 0 and day.state is distinct from 'closed'
    order by worked.service_date
"""
# What is no record of the name that a document gives.
_OF_THEIR_OWN = {"findings": _FINDINGS, "days": _OPEN_DAYS}
_exact = msgspec.json.Decoder(float_hook=Decimal)


def content_of(document: msgspec.Struct) -> dict[str, Any]:
    """A record as it is kept: by the names of its fields, numbers as they were written."""
    content: dict[str, Any] = _exact.decode(canonical(document))
    return content


@dataclass(frozen=True)
class Led:
    """One document and all that was done with it; `school_id`: whose chain keeps it, or 'district'."""

    machine: Machine
    school_id: str
    key: str
    versions: Sequence[Version]
    posted: Sequence[Mapping[str, Any]]
    taken: Sequence[Taken]
    receipts: Sequence[asyncpg.Record]
    decisions: Sequence[Decision]

    @property
    def revision(self) -> int:
        """The document's newest."""
        return self.versions[-1].revision

    @property
    def content(self) -> Content:
        """What it says now."""
        return self.versions[-1].content

    @property
    def content_hash(self) -> str:
        """The digest of what is approved of it."""
        return self.machine.hash_of(self.content)

    @property
    def state(self) -> str:
        """Where it stands."""
        return self.machine.state_of(self.versions, self.taken, self.decisions)


async def find(
    connection: asyncpg.Connection, machine: Machine, key: str, *, school_id: str | None = None
) -> tuple[str, str]:
    """The school that keeps a document, and its key there; `key` may be `school/key` as well.

    Raises Refused (404) when the caller sees none, (409) when several schools have one of that name.
    """
    rows = await connection.fetch(_FIND, machine.resource, key, school_id)
    if not rows and "/" in key and school_id is None:
        school_id, key = key.split("/", 1)
        rows = await connection.fetch(_FIND, machine.resource, key, school_id)
    elif not rows and machine.resource in KEYED_IN_PARTS:
        rows = await connection.fetch(_FIND_LAST, machine.resource, key)
    if not rows:
        raise Refused("not_found")
    if len(rows) > 1:
        raise Refused("ambiguous_document", resource=machine.resource, key=key)
    return rows[0]["school_id"], rows[0]["key"]


async def load(
    connection: asyncpg.Connection, machine: Machine, school_id: str, key: str, *, as_of: datetime | None = None
) -> Led:
    """The document as it stands now, or stood at `as_of`. Raises Refused (404) when it is not there or void."""
    (led,) = await load_all(connection, machine, [(school_id, key)], as_of=as_of)
    return led


async def load_all(
    connection: asyncpg.Connection,
    machine: Machine,
    places: Sequence[tuple[str, str]],
    *,
    as_of: datetime | None = None,
) -> list[Led]:
    """Documents in the order of their places (school and key). Raises Refused (404) when one is not there or void."""
    where = ([school_id for school_id, _key in places], [key for _school_id, key in places])
    versions = _by_place(await connection.fetch(_VERSIONS, *where, machine.resource, as_of))
    taken = _by_place(await connection.fetch(_TAKEN, *where, machine.resource, as_of))
    reviewed = machine.reviewed_as
    reviews = {} if reviewed is None else _by_place(await connection.fetch(_REVIEWS, *where, reviewed, as_of))
    return [
        _led(machine, place, versions.get(place, []), taken.get(place, []), reviews.get(place, [])) for place in places
    ]


def _by_place(rows: Sequence[asyncpg.Record]) -> dict[tuple[str, str], list[asyncpg.Record]]:
    found: dict[tuple[str, str], list[asyncpg.Record]] = {}
    for row in rows:
        found.setdefault((row["school_id"], row["key"]), []).append(row)
    return found


def _led(
    machine: Machine,
    place: tuple[str, str],
    rows: Sequence[asyncpg.Record],
    steps: Sequence[asyncpg.Record],
    reviews: Sequence[asyncpg.Record],
) -> Led:
    if not rows or rows[-1]["state"] == "void":
        raise Refused("not_found")
    # What was taken back and entered anew begins anew.
    first = max((place + 1 for place, row in enumerate(rows) if row["state"] == "void"), default=0)
    taken = [_taken(row) for row in steps]
    # A review that was given as a step is among the steps.
    by_steps = {each.facts.get("review_id") for each in taken}
    return Led(
        machine=machine,
        school_id=place[0],
        key=place[1],
        versions=[Version(row["revision"], _exact.decode(row["content"]), row["recorded_at"]) for row in rows[first:]],
        posted=rows[first:],
        taken=taken,
        receipts=steps,
        decisions=[
            Decision(REVIEWED[row["decision"]], row["recorded_at"])
            for row in reviews
            if row["review_id"] not in by_steps
        ],
    )


def _taken(row: asyncpg.Record) -> Taken:
    step = _exact.decode(row["content"])
    return Taken(
        number=step["number"],
        step=step["step"],
        from_state=step["from_state"],
        to_state=step["to_state"],
        content_hash=step["content_hash"],
        on=date.fromisoformat(step["on"]),
        recorded_at=row["recorded_at"],
        by=row["client_id"],
        by_kind=step["by_kind"],
        revision=step["revision"],
        facts=step["facts"],
        why=step["why"],
    )


async def named_records(
    connection: asyncpg.Connection, led: Led, attempt: Attempt, reads: Mapping[str, tuple[str, str]]
) -> dict[str, Sequence[Content]]:
    """The records that a step looks at, by the names it has for them; those with a machine of their own with their state."""
    found: dict[str, Sequence[Content]] = {}
    for name, (resource, field) in reads.items():
        said = attempt.said(field)
        keys = [said] if isinstance(said, str) else list(said or ())
        if resource in _OF_THEIR_OWN:
            found[name] = [dict(row) for row in await connection.fetch(_OF_THEIR_OWN[resource], led.school_id, keys)]
            continue
        rows = await connection.fetch(_NAMED, led.school_id, resource, keys)
        found[name] = [await _with_state(connection, resource, row) for row in rows]
    return found


async def _with_state(connection: asyncpg.Connection, resource: str, row: asyncpg.Record) -> Content:
    content: Content = _exact.decode(row["content"])
    if resource not in MACHINES:
        return content
    led = await load(connection, MACHINES[resource], row["school_id"], row["key"])
    return {**content, "state": led.state, "content_digest": led.content_hash}
