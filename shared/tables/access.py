"""Who may sign in."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from argon2 import PasswordHasher
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TIMESTAMP
from sqlmodel import Field, SQLModel

# Secrets are 256 random bits, so a look at one may be cheap: 19 MiB, not the 64 of a person's password.
SECRET_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# A link that signs a person in is good for so long.
LINK_SECONDS = 600


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


class SignInLink(SQLModel, table=True):
    """A link that signs a person in as a client, once. The code is kept as its digest only; the row goes when it is used."""

    __tablename__ = "sign_in_link"
    __table_args__ = {"schema": "ledger"}

    code_digest: bytes = Field(sa_column=Column(BYTEA, primary_key=True))
    client_id: str
    expires_at: datetime = Field(sa_column=Column(TIMESTAMP(timezone=True), nullable=False))


def new_link(client_id: str) -> tuple[str, SignInLink]:
    """A code that nobody can guess, and the row that knows it."""
    code = secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + timedelta(seconds=LINK_SECONDS)
    return code, SignInLink(code_digest=digest_of(code), client_id=client_id, expires_at=expires_at)


def digest_of(code: str) -> bytes:
    """What is kept of a link's code."""
    return sha256(code.encode()).digest()
