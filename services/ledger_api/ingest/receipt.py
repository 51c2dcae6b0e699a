"""The answer of every bulk write: what became of the records and where each school's chain now ends."""

from datetime import datetime

from pydantic import BaseModel


class ChainPosition(BaseModel):
    """The end of one school's chain after the batch."""

    school_id: str
    seq: int
    head: str


class Receipt(BaseModel):
    """received = created + revised + unchanged + rejected; a batch that changed nothing has no chains."""

    batch_id: str
    received: int
    created: int
    revised: int
    unchanged: int
    rejected: int
    errors: list[dict[str, str]]
    chains: list[ChainPosition]
    recorded_at: datetime
