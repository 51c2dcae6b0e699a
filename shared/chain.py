"""Proof: canonical bytes of each kind of record, their digests, and a school's chain of batches. Pure.

A record's bytes are compact JSON in a fixed order, so that anyone can rebuild them from the stored row. A batch's bytes
are a header and one line (leaf) a record, in key order; a chain's head is sha256(previous head ‖ batch digest).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import msgspec

GENESIS = bytes(32)

_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


def canonical(value: object) -> bytes:
    """Compact JSON, keys sorted, UTF-8, decimals as numbers: the same value always gives the same bytes."""
    return _encoder.encode(value)


def record_digest(parts: Sequence[object]) -> bytes:
    """sha256 over the canonical bytes of a record's parts in their documented order (32 bytes)."""
    return sha256(_encoder.encode(parts)).digest()


def leaf(resource: str, key: str, revision: int, digest: bytes, reason: str | None) -> str:
    """The line that stands for one revision in its batch."""
    return canonical([resource, key, revision, digest.hex(), reason]).decode()


def batch_digest(batch_id: str, client_id: str, recorded_at_us: int, leaves: Iterable[str]) -> bytes:
    """sha256 over a batch's header and its leaves, as one school sees the batch (32 bytes).

    `recorded_at_us`: microseconds since 1970 in UTC. `leaves`: in key order (code points), then revision.
    """
    header = canonical([batch_id, client_id, recorded_at_us]).decode()
    return sha256("\n".join([header, *leaves]).encode()).digest()


def link(previous: bytes, digest: bytes) -> bytes:
    """The chain's next head."""
    return sha256(previous + digest).digest()
