"""Who may sign in."""

from datetime import datetime

from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlmodel import Field, SQLModel


class ApiClient(SQLModel, table=True):
    """A program that may sign in. The secret is kept as an argon2 hash only."""

    __tablename__ = "api_client"
    __table_args__ = {"schema": "ledger"}

    client_id: str = Field(primary_key=True)
    secret_hash: str
    kind: str
    name: str | None = None
    schools: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    stage: str | None = None
    created_at: datetime | None = Field(
        default=None, sa_column=Column(TIMESTAMP(timezone=True), nullable=False, server_default="now()")
    )
    revoked_at: datetime | None = Field(default=None, sa_column=Column(TIMESTAMP(timezone=True)))
