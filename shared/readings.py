"""Every answer that names pupils is noted before it is given: who asked, when, for whose pupils, how many; never which (PIPL)."""

from collections.abc import Iterable

import asyncpg
from fastapi import Request

from shared.database import ACQUIRE_SECONDS
from shared.tokens import Caller

# What names pupils: in what is listed, in one record, in its history.
OF_PUPILS = frozenset({"students", "consents", "attendance"})


async def note_reading(
    pool: asyncpg.Pool,
    request: Request,
    caller: Caller,
    *,
    resource: str,
    schools: Iterable[str],
    records: int,
    of_one_pupil: bool = False,
) -> None:
    """Note a reading of `records` records of pupils of these schools; one that found nothing tells nothing and is not noted.

    Raises what PostgreSQL raises: what cannot be noted is not answered.
    """
    if not records:
        return
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        await connection.execute(
            "select ledger.note_reading($1, $2, $3, $4, $5, $6, $7)",
            caller.client_id,
            caller.kind,
            request.state.request_id,
            resource,
            sorted(set(schools)),
            records,
            of_one_pupil,
        )
