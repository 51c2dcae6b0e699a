"""The keys that verify access tokens: which are in force, and how one is taken out of use."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from shared.tokens import LIFETIME_SECONDS


class KeyInUse(Exception):
    """The key cannot be retired; the message says why."""


@dataclass(frozen=True)
class SigningKey:
    """One key: its thumbprint, since when it is known, since when it is retired."""

    kid: str
    created_at: datetime
    retired_at: datetime | None


def signing_keys(database_url: str) -> list[SigningKey]:
    """All of them, the newest first: it signs."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select kid, created_at, retired_at from ledger.signing_key order by created_at desc, kid"
        ).fetchall()
    return [SigningKey(*row) for row in rows]


def retire_key(database_url: str, kid: str, *, at_once: bool = False) -> SigningKey:
    """Take a key out of use: what it signed is no longer good.

    `at_once`: though tokens of it may not have ended, because the key is known to others. Raises KeyInUse otherwise when
    the key that came after it is younger than a token's life, when it is the newest, and ValueError when there is none.
    """
    keys = [key for key in signing_keys(database_url) if key.retired_at is None]
    place = next((place for place, key in enumerate(keys) if key.kid == kid), None)
    if place is None:
        raise ValueError(f"there is no key {kid} in force")
    if place == 0:
        raise KeyInUse(f"{kid} is the newest key: start the ledger API with a new TAIZHANG_TOKEN_SIGNING_KEY first")
    with psycopg.connect(database_url) as connection:
        retired = connection.execute(
            """
            update ledger.signing_key set retired_at = clock_timestamp()
            where kid = %s and (%s or %s + make_interval(secs => %s) < clock_timestamp())
            returning kid, created_at, retired_at
            """,
            (kid, at_once, keys[place - 1].created_at, LIFETIME_SECONDS),
        ).fetchone()
    if retired is None:
        good_until = keys[place - 1].created_at + timedelta(seconds=LIFETIME_SECONDS)
        raise KeyInUse(f"tokens of {kid} may be good until {good_until:%Y-%m-%d %H:%M:%S} UTC: wait, or give --at-once")
    return SigningKey(*retired)
