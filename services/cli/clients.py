"""`taizhang clients`: programs that may sign in."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from argon2 import PasswordHasher

from shared.vocabulary import ClientKind, Stage


@dataclass(frozen=True)
class NewClient:
    """What the operator hands to the client's owner; the secret is shown once."""

    client_id: str
    client_secret: str
    kind: ClientKind
    schools: tuple[str, ...]
    stage: Stage | None


def create_client(
    database_url: str,
    *,
    kind: ClientKind,
    schools: Sequence[str] = (),
    stage: Stage | None = None,
    name: str | None = None,
) -> NewClient:
    """Register a client; its secret is kept as an argon2 hash. Raises ValueError when the kind asks for more."""
    if kind == "school" and not schools:
        raise ValueError("a school client names its schools: --school ID")
    if kind == "centre" and stage is None:
        raise ValueError("a centre client names its stage: --stage primary|junior")
    client = NewClient(f"{kind}-{secrets.token_hex(6)}", secrets.token_urlsafe(32), kind, tuple(schools), stage)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into ledger.api_client (client_id, secret_hash, kind, name, schools, stage) values (%s, %s, %s, %s, %s, %s)",
            (client.client_id, PasswordHasher().hash(client.client_secret), kind, name, list(schools), stage),
        )
    return client
