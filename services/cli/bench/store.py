"""What a district-day costs beside time: bytes on disk a mark, and the time to verify its digests."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import asyncpg
import psycopg

from services.cli.bench.measure import timed
from services.cli.verify import ROWS_AT_ONCE
from shared.chain import ROLL_COLUMNS, digest_of, record_digest, stored_roll

A_ROLLS_MARKS = """
    sum(
        coalesce(cardinality(present), 0) + coalesce(cardinality(late), 0) + coalesce(cardinality(left_early), 0)
        + coalesce(cardinality(absent), 0) + coalesce(cardinality(excused), 0)
    )
"""
_ROLLS = f"select {ROLL_COLUMNS} from ledger.attendance_revision where school_id = any ($1) and service_date = $2"
_MARKS = """
    select school_id, service_date, session_id, student_id, status
    from bench.mark
    where school_id = any ($1) and service_date = $2
"""


class DigestsDiffer(Exception):
    """A digest that the benchmark recomputes is not the one that is stored."""


def bytes_a_mark(database_url: str, table: str, marks: str) -> float:
    """Of a partitioned table with its indexes; `marks`: the aggregate that counts them."""
    query = f"""
        select
            (select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = %s::regclass)::float8
            / (select {marks} from {table})
    """
    with psycopg.connect(database_url) as connection:
        row = connection.execute(query.encode(), [table]).fetchone()
    return float(row[0]) if row is not None else 0.0


def verify_rolls_and_marks(database_url: str, school_ids: Sequence[str], day: date) -> tuple[float, float]:
    """Seconds to recompute a day's digests: of our rolls against the stored ones, and of the same marks, a row each."""
    return (
        timed(lambda: asyncio.run(_each_row(database_url, _ROLLS, school_ids, day, _verify_roll))),
        timed(lambda: asyncio.run(_each_row(database_url, _MARKS, school_ids, day, _digest_mark))),
    )


async def _each_row(database_url: str, query: str, school_ids: Sequence[str], day: date, work: Any) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            cursor = await connection.cursor(query, list(school_ids), day)
            while rows := await cursor.fetch(ROWS_AT_ONCE):
                for row in rows:
                    work(row)
    finally:
        await connection.close()


def _verify_roll(row: Mapping[str, Any]) -> None:
    if digest_of(stored_roll(row)) != row["digest"]:
        raise DigestsDiffer(f"{row['school_id']} {row['session_id']}")


def _digest_mark(row: Mapping[str, Any]) -> None:
    record_digest(tuple(row.values()))
