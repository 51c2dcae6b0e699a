"""`taizhang clients`: programs that may sign in."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import make_url
from sqlmodel import Session, create_engine

from shared.tables.access import SECRET_HASHER, ApiClient, new_link
from shared.vocabulary import SANDBOX_SCHOOLS, SCHOOL_ID, ClientKind, Stage


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
    """Register a client; its secret is kept as an argon2 hash only. Raises ValueError when the kind asks for more.

    A sandbox client that names no school gets one that nobody has.
    """
    if kind == "sandbox" and not schools:
        schools = (f"{SANDBOX_SCHOOLS}{secrets.randbelow(100_000):05}",)
    for school_id in schools:
        if re.fullmatch(SCHOOL_ID, school_id) is None:
            raise ValueError(f"{school_id} is no school's code: ten digits")
        if school_id.startswith(SANDBOX_SCHOOLS) != (kind == "sandbox"):
            raise ValueError(f"sandbox clients, and nobody else, speak for schools {SANDBOX_SCHOOLS}…: {school_id}")
    if kind == "school" and not schools:
        raise ValueError("a school client names its schools: --school ID")
    if kind == "centre" and stage is None:
        raise ValueError("a centre client names its stage: --stage primary|junior")
    client = NewClient(f"{kind}-{secrets.token_hex(6)}", secrets.token_urlsafe(32), kind, tuple(schools), stage)
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with Session(engine) as session:
        session.add(
            ApiClient(
                client_id=client.client_id,
                secret_hash=SECRET_HASHER.hash(client.client_secret),
                kind=kind,
                name=name,
                schools=list(schools),
                stage=stage,
            ),
        )
        session.commit()
    engine.dispose()
    return client


def make_link(database_url: str, client_id: str) -> str:
    """The code of a new link that signs a person in as this client. Raises ValueError when there is none, or it is revoked."""
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    code, row = new_link(client_id)
    try:
        with Session(engine) as session:
            client = session.get(ApiClient, client_id)
            if client is None or client.revoked_at is not None:
                raise ValueError(f"{client_id} is no client that may sign in: `taizhang clients create` makes one")
            session.add(row)
            session.commit()
    finally:
        engine.dispose()
    return code
