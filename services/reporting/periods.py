"""What a report is about and what it reflects: a month or a term, and a position of the school's chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import asyncpg
from fastapi import Query

from shared.problems import Refused

Month = Annotated[str | None, Query(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2025-10"])]
TermId = Annotated[str | None, Query(pattern=r"^[0-9]{4}-[0-9]{4}-[12]$", examples=["2025-2026-1"])]

AcademicYear = Annotated[str | None, Query(pattern=r"^[0-9]{4}-[0-9]{4}$", examples=["2025-2026"])]


@dataclass(frozen=True)
class Period:
    """Its name and its days, both ends in it."""

    name: str
    first_day: date
    last_day: date


async def period_of(
    connection: asyncpg.Connection, month: str | None, term_id: str | None, *, as_of: datetime | None
) -> Period:
    """The period that a request names by exactly one of month and term, a term as it was then; raises Refused."""
    if (named := _month_of(month, term_id)) is not None:
        return named
    term = await connection.fetchrow(
        """
        select (content ->> 'starts_on')::date as starts_on, (content ->> 'ends_on')::date as ends_on
        from ledger.entry_as_of(coalesce($2, 'infinity'::timestamptz))
        where school_id = 'district' and resource = 'terms' and key = $1
        """,
        term_id,
        as_of,
    )
    if term is None:
        raise Refused("not_found")
    return Period(str(term_id), term["starts_on"], term["ends_on"])


def _month_of(month: str | None, term_id: str | None) -> Period | None:
    """The month that is asked for; None: a term is. Raises Refused for both and for neither."""
    if (month is None) == (term_id is None):
        raise Refused("invalid_parameter", name="month, term_id", reason="give exactly one of the two")
    if month is None:
        return None
    first = date.fromisoformat(f"{month}-01")
    return Period(month, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


async def span_of(
    connection: asyncpg.Connection, month: str | None, term_id: str | None, academic_year: str | None
) -> Period:
    """The period that a request names by exactly one of month, term and school year; raises Refused."""
    if academic_year is None:
        return await period_of(connection, month, term_id, as_of=None)
    if month is not None or term_id is not None:
        reason = "give exactly one of the three"
        raise Refused("invalid_parameter", name="month, term_id, academic_year", reason=reason)
    year = await connection.fetchrow(
        "select starts_on, ends_on from ledger.academic_year where academic_year = $1", academic_year
    )
    if year is None:
        raise Refused("not_found")
    return Period(academic_year, year["starts_on"], year["ends_on"])


_CHAIN_AND_TERM = """
    select
        chain_head.school_id,
        case when $2::timestamptz is null then chain_head.seq else coalesce(reached.seq, 0) end as seq,
        case when $2 is null then chain_head.head else coalesce(reached.head, decode(repeat('00', 32), 'hex')) end as head,
        (term.content ->> 'starts_on')::date as starts_on,
        (term.content ->> 'ends_on')::date as ends_on
    from ledger.chain_head
    left join lateral (
        select chain_entry.seq, chain_entry.head
        from ledger.chain_entry
        where chain_entry.school_id = chain_head.school_id and chain_entry.recorded_at <= $2
        order by chain_entry.seq desc
        limit 1
    ) as reached on true
    left join ledger.entry_as_of(coalesce($2, 'infinity'::timestamptz)) as term
        on term.school_id = 'district' and term.resource = 'terms' and term.key = $3
    where chain_head.school_id = $1
"""


async def chain_position(
    connection: asyncpg.Connection, school_id: str, *, as_of: datetime | None
) -> dict[str, object] | None:
    """The school's chain at the report's snapshot, or where it ended then; None for a school that is not to be seen."""
    row = await connection.fetchrow(_CHAIN_AND_TERM, school_id, as_of, None)
    return None if row is None else _shown_chain(row)


async def school_period_of(
    connection: asyncpg.Connection, school_id: str, month: str | None, term_id: str | None, *, as_of: datetime | None
) -> tuple[Period, dict[str, object]]:
    """What `period_of` and `chain_position` say, in one round trip; raises Refused, (404) also for a school not to be seen."""
    named = _month_of(month, term_id)
    row = await connection.fetchrow(_CHAIN_AND_TERM, school_id, as_of, term_id)
    if row is None or school_id == "district" or (named is None and row["starts_on"] is None):
        raise Refused("not_found")
    return named or Period(str(term_id), row["starts_on"], row["ends_on"]), _shown_chain(row)


def _shown_chain(row: Mapping[str, Any]) -> dict[str, object]:
    return {"school_id": row["school_id"], "seq": row["seq"], "head": row["head"].hex()}
