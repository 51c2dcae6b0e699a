"""Every answer that names pupils is noted before it is given: who asked, when, for whose pupils, how many; never which (PIPL)."""

from collections.abc import Sequence

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
    resource: str,
    schools: Sequence[str],
    *,
    of_one: bool = False,
) -> None:
    """Note a reading of records of pupils; of other resources, and where nothing was found, there is nothing to note.

    `schools`: whose pupil each record is of, one a record; `of_one`: the records of one pupil were asked for. Raises what PostgreSQL raises: what cannot be noted is not answered.
    """
    if not schools or resource not in OF_PUPILS:
        return
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        await connection.execute(
            "select ledger.note_reading($1, $2, $3, $4, $5, $6, $7)",
            caller.client_id,
            caller.kind,
            request.state.request_id,
            resource,
            sorted(set(schools)),
            len(schools),
            of_one,
        )
