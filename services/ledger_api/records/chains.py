"""A school's chain: its head, its length, its last batch; what proves that nothing was changed."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.ledger_api.dependencies import AnyCaller, Ledger
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
async def get_chain(school_id: Annotated[str, Path()], caller: AnyCaller, ledger: Ledger) -> Chain:
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
