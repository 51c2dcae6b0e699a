"""Proof: canonical bytes of each kind of record, their digests, and a school's chain of batches. Pure.

A record's bytes are compact JSON in a fixed order, so that anyone can rebuild them from the stored row. A batch's bytes
are a header and one line (leaf) a record, in key order; a chain's head is sha256(previous head ‖ batch digest).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

GENESIS = bytes(32)
# The registers whose keys name a pupil, and what the pupil's id begins with once it is erased.
NAMING_PUPILS = frozenset({"students", "consents"})
PSEUDONYM = "erased-"
# The columns of ledger.attendance_revision for `stored_roll`. The lists as PostgreSQL writes them, `{1,2},{3},{},{},{}`: as
# lists they would be read only to be written again.
ROLL_COLUMNS = """
    school_id, service_date, session_id, state,
    concat_ws(
        ',', coalesce(present::text, '{}'), coalesce(late::text, '{}'), coalesce(left_early::text, '{}'),
        coalesce(absent::text, '{}'), coalesce(excused::text, '{}')
    ) as pupils,
    taken_by, taken_at, digest
"""

_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


def canonical(value: object) -> bytes:
    """Compact JSON, keys sorted, UTF-8, decimals as numbers: the same value always gives the same bytes."""
    return _encoder.encode(value)


def digest_of(encoded: bytes) -> bytes:
    """sha256 over canonical bytes (32 bytes)."""
    return sha256(encoded).digest()


def record_digest(parts: Sequence[object]) -> bytes:
    """sha256 over the canonical bytes of a record's parts in their documented order (32 bytes)."""
    return digest_of(_encoder.encode(parts))


def leaf(resource: str, key: str, revision: int, digest: bytes, reason: str | None, number: int | None = None) -> str:
    """The line that stands for one revision in its batch.

    `number`: in the first revision of a staff member or a student, the number by which rolls call them.
    """
    return canonical([resource, key, revision, digest.hex(), reason, *([] if number is None else [number])]).decode()


def salted(salt: UUID | None, digest: bytes) -> bytes:
    """The digest of what names a pupil, blinded with the record's own salt; of anything else (None), as it is (32 bytes)."""
    return digest if salt is None else digest_of(salt.bytes + digest)


def blinded(salt: UUID | None, words: str) -> str:
    """Words that name a pupil, as they stand in a leaf: sha256 over the salt and them, in hexadecimal."""
    return words if salt is None else sha256(salt.bytes + words.encode()).hexdigest()


@dataclass(frozen=True)
class Erased:
    """What an erasure says of one revision: what its leaf had, and the digest of what was put in the record's place."""

    batch_id: UUID
    leaf_key: str
    leaf_reason: str | None
    digest: bytes


Erasures = Mapping[tuple[str, str, int], Erased]


def erasures_of(rows: Iterable[Mapping[str, Any]]) -> Erasures:
    """By resource, key and revision, what the `erasures` of a school's chain say; `rows`: their batch_id and content.

    An erasure speaks of what has its pseudonym for a pupil's id, and of nothing else: of any other record it changes nothing.
    """
    said: dict[tuple[str, str, int], Erased] = {}
    for row in rows:
        erasure = msgspec.json.decode(row["content"])
        pseudonym = str(erasure.get("pseudonym"))
        for each in erasure.get("records", ()) if pseudonym.startswith(PSEUDONYM) else ():
            if each["resource"] in NAMING_PUPILS and each["key"].rpartition("/")[2] == pseudonym:
                said[each["resource"], each["key"], each["revision"]] = Erased(
                    row["batch_id"], each["leaf_key"], each["leaf_reason"], bytes.fromhex(each["digest"])
                )
    return said


@dataclass(frozen=True)
class Provable:
    """A stored revision of an entry: its leaf, the key in it, and whether the row is what it must be."""

    leaf: str
    leaf_key: str
    holds: bool
    erased: Erased | None


def provable(row: Mapping[str, Any], erasures: Erasures) -> Provable:
    """A row of ledger.entry beside its digest, with `number` where its leaf has one: blinded, as it is, or erased.

    Of an erased one the leaf keeps its digest, and what stands there now is what the erasure says.
    """
    key, reason, salt, found = row["key"], row["reason"], row["salt"], digest_of(stored_entry(row))
    erased = erasures.get((row["resource"], key, row["revision"]))
    if erased is not None:
        holds, leaf_key, reason = (
            found == erased.digest and salt is None and reason is None,
            erased.leaf_key,
            erased.leaf_reason,
        )
    else:
        holds, leaf_key = salted(salt, found) == row["digest"], blinded(salt, key)
        reason = None if reason is None else blinded(salt, reason)
    line = leaf(row["resource"], leaf_key, row["revision"], row["digest"], reason, row["number"])
    return Provable(line, leaf_key, holds, erased)


def stored_header(entry: Mapping[str, Any]) -> str:
    """The first line of a batch as one school's chain has it, of a row of ledger.chain_entry.

    With it: client_id, request_id, body_digest and received of its batch. Says who, what, which request, how much, when.
    """
    body_digest = None if entry["body_digest"] is None else entry["body_digest"].hex()
    return canonical(
        [
            str(entry["batch_id"]),
            entry["client_id"],
            entry["resource"],
            entry["request_id"],
            body_digest,
            entry["received"],
            entry["records"],
            entry["revised"],
            microseconds_of(entry["recorded_at"]),
        ]
    ).decode()


def batch_digest(header: str, leaves: Iterable[str]) -> bytes:
    """sha256 over a batch's header and its leaves, as one school sees the batch (32 bytes).

    `leaves`: in key order (code points), then revision.
    """
    return sha256("\n".join([header, *leaves]).encode()).digest()


def link(previous: bytes, digest: bytes) -> bytes:
    """The chain's next head."""
    return sha256(previous + digest).digest()


def microseconds_of(instant: datetime) -> int:
    """Microseconds since 1970 in UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def stored_entry(row: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a row of ledger.entry: resource, school, key, date, state, content."""
    content = msgspec.Raw(canonical(_exact.decode(row["content"])))
    return canonical((row["resource"], row["school_id"], row["key"], row["service_date"], row["state"], content))


def stored_session(row: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a row of ledger.session_revision; a void or moved one has no content."""
    head = (row["school_id"], row["service_date"], row["session_id"], row["state"])
    if row["state"] in {"void", "moved"}:
        # What somebody wrote there all the same is said, so that its digest gives it away.
        left = {name: str(row[name]) for name in _SESSION_COLUMNS if row[name] is not None}
        return canonical((*head, left) if left else head)
    staff = zip(*(row[name] for name in _SESSION_STAFF), strict=True)
    times = (_clock(row[name]) for name in ("starts_at", "ends_at"))
    return canonical((*head, row["slot"], *times, *(row[name] for name in _SESSION_CONTENT), list(staff)))


def _clock(moment: time) -> str:
    """`HH:MM`; seconds only where there are any, which nobody of ours writes."""
    return f"{moment:%H:%M}" if moment.second == moment.microsecond == 0 else moment.isoformat()


def stored_roll(row: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a row of ledger.attendance_revision, read by ROLL_COLUMNS: pupils by their numbers, in rising order."""
    taken_at = None if row["taken_at"] is None else microseconds_of(row["taken_at"])
    pupils = msgspec.Raw(row["pupils"].replace("{", "[").replace("}", "]"))
    head = (row["school_id"], row["service_date"], row["session_id"], row["state"])
    return canonical((*head, pupils, row["taken_by"], taken_at))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SESSION_CONTENT = ("activity", "category", "room", "grade", "class_no", "planned_headcount", "headcount")
_SESSION_STAFF = ("staff_ids", "staff_roles", "staff_class_hours_hundredths", "staff_shares", "staff_replaces")
_SESSION_COLUMNS = ("slot", "starts_at", "ends_at", *_SESSION_CONTENT, *_SESSION_STAFF)
# Numbers as they were written: 1.50 stays 1.50.
_exact = msgspec.json.Decoder(float_hook=Decimal)
