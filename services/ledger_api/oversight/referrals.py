"""Referrals (移交区纪检部门): cases that were handed to the discipline body, or were not, and why; on record, restricted; 三(七).

They are in the bureau's own chain: neither a school nor a stage centre learns that there is such a case.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, Sha256, Text
from services.ledger_api.ingest.resource import Resource
from shared.database import reading
from shared.problems import Fault, Invalid

READERS = frozenset({"bureau", "auditor"})

_REGISTERED = "select school_id from ledger.school where school_id = any ($1)"


class Referral(Record, frozen=True):
    """One decision to hand a case on or not (`referred`), and how far it is.

    `evidence_hash`: SHA-256 of the pack of evidence as it was handed over. `concluded_on`: the discipline body is done with it.
    """

    school_id: SchoolId
    referral_id: Identifier
    decided_on: date
    referred: bool = True
    why: Text | None = None
    decided_by: Identifier | None = None
    referred_on: date | None = None
    receiver: Text | None = None
    document: Text | None = None
    clawback_id: Identifier | None = None
    finding_ids: Annotated[tuple[Text, ...], Meta(max_length=1000)] = ()
    staff_ids: Annotated[tuple[Identifier, ...], Meta(max_length=1000)] = ()
    evidence_hash: Sha256 | None = None
    attachments: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    received_on: date | None = None
    concluded_on: date | None = None
    outcome: Text | None = None
    reason: Text | None = None


def _faults(referral: Referral, known: Known, at: Pointer) -> Iterable[Fault]:
    if not referral.referred and not (referral.why or "").strip():
        yield Fault(at("why"), "missing_field", {"field": "why"})
    if not referral.referred and referral.referred_on is not None:
        yield Fault(at("referred_on"), "invalid_value", {"reason": "what was not referred was handed over on no day"})
    steps = [("decided_on", referral.decided_on)]
    for name in ("referred_on", "received_on", "concluded_on"):
        day = getattr(referral, name)
        if day is None:
            continue
        if day < steps[-1][1]:
            yield Fault(at(name), "ends_before_it_starts", {"starts": steps[-1][1], "ends": day})
        steps.append((name, day))
    for place, staff_id in enumerate(referral.staff_ids):
        if staff_id not in known.staff:
            yield Fault(at("staff_ids", place), "unknown_staff", {"staff_id": staff_id})


async def _before(ledger: LedgerWriterOfFacts, decoded: Decoded[Any], sender: Sender) -> Decoded[Any]:
    """Raises Invalid: a case is about a school that is registered."""
    named = {referral.school_id for referral in decoded.records}
    async with reading(ledger.pool, sender.caller.visible) as connection:
        registered = {row["school_id"] for row in await connection.fetch(_REGISTERED, list(named))}
    unknown = [
        Fault(decoded.pointer(index, "school_id"), "unknown_school", {"school_id": referral.school_id})
        for index, referral in enumerate(decoded.records)
        if referral.school_id not in registered
    ]
    if unknown:
        raise Invalid(unknown)
    return decoded


REFERRALS = Resource(
    "referrals",
    Referral,
    key=("referral_id",),
    home="bureau",
    faults=_faults,
    staff_named=lambda referral: referral.staff_ids,
)

router = entry_router(REFERRALS, scope="oversight.write", readers=READERS, secret=True, before=_before)
