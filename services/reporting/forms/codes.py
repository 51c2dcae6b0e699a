"""The code on a printed sheet: which sheet, of which content, at which position of the chain, sealed. Nothing is stored.

A code is base64url over: version, kind, school, position, the content's tag, what the sheet is about, the seal. The tag
and the seal are HMAC-SHA256 under the ledger's own key: who does not have it can neither make a code nor work out
figures from one.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256

import asyncpg

from shared.chain import canonical

_VERSION = 1
# Their places are in codes on walls: a new kind goes to the end.
KINDS = ("workload", "compensation", "publications", "submissions", "payments", "onsite", "inspection")
_HEAD, _TAG, _SEAL = 13, 12, 16
# The longest address that a sheet's code may be.
LONGEST = 256


@dataclass(frozen=True)
class Bound:
    """What a code says: `about` is a month, a term, a day or a document's id; `tag` stands for the sheet's content."""

    kind: str
    school_id: str
    about: str
    seq: int
    tag: bytes


async def sheet_key(connection: asyncpg.Connection) -> bytes:
    """The key of this ledger's sheets (32 bytes)."""
    key: bytes = await connection.fetchval("select key from ledger.sheet_key")
    return key


def tag_of(key: bytes, content: object) -> bytes:
    """What stands for a sheet's content in its code (12 bytes)."""
    return hmac.digest(key, b"content\0" + canonical(content), sha256)[:_TAG]


def sealed(key: bytes, bound: Bound) -> str:
    """The code; the same sheet of the same ledger always has the same."""
    head = bytes((_VERSION, KINDS.index(bound.kind))) + int(bound.school_id).to_bytes(5) + bound.seq.to_bytes(6)
    body = head + bound.tag + bound.about.encode()
    return urlsafe_b64encode(body + _seal(key, body)).rstrip(b"=").decode()


def opened(key: bytes, code: str) -> Bound | None:
    """What the code says; None for one that this ledger has not made."""
    if len(code) > LONGEST or not code.isascii():
        return None
    try:
        whole = urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except NotBase64:
        return None
    body, seal = whole[:-_SEAL], whole[-_SEAL:]
    # The decoder overlooks what is no letter of it; a code is one string and no other.
    canonical_code = urlsafe_b64encode(whole).rstrip(b"=").decode()
    if len(body) < _HEAD + _TAG or code != canonical_code or not hmac.compare_digest(seal, _seal(key, body)):
        return None
    return Bound(
        kind=KINDS[body[1]],
        school_id=f"{int.from_bytes(body[2:7]):010d}",
        seq=int.from_bytes(body[7:13]),
        tag=body[_HEAD : _HEAD + _TAG],
        about=body[_HEAD + _TAG :].decode(),
    )


def _seal(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"code\0" + body, sha256)[:_SEAL]
