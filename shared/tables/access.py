"""Who may sign in."""

from datetime import datetime

from argon2 import PasswordHasher
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlmodel import Field, SQLModel

# Secrets are 256 random bits, so a look at one may be cheap: 19 MiB, not the 64 of a person's password.
SECRET_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


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
