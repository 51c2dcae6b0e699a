"""Provisions (制度与职责): what stands from a day on: rules of a school, key posts, channels, an office's duties; 一(二), 三, 三(三), 三(五).

A school's own is under the school; what the bureau lays down for all belongs to no school, and stands under `district`.
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
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault, Refused
from shared.vocabulary import POSTS, Office, ProvisionMatter


class Provision(Record, frozen=True):
    """One provision, in force from `starts_on` to `ends_on`, both in it.

    Of a post, `staff_id` holds it, and has acknowledged its duties on `acknowledged_on`; of a channel, `contact` is where
    people reach it and `tested_on` when somebody last tried; of a duty of the bureau, `office` has it.
    """

    provision_id: Identifier
    matter: ProvisionMatter
    title: Text
    starts_on: date
    school_id: SchoolId | None = None
    ends_on: date | None = None
    office: Office | None = None
    staff_id: Identifier | None = None
    acknowledged_on: date | None = None
    contact: Text | None = None
    tested_on: date | None = None
    clause: Text | None = None
    attachments: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    reason: Text | None = None


def _faults(provision: Provision, known: Known, at: Pointer) -> Iterable[Fault]:
    if provision.staff_id is not None and provision.staff_id not in known.staff:
        yield Fault(at("staff_id"), "unknown_staff", {"staff_id": provision.staff_id})
    wanted = {**dict.fromkeys(POSTS, "staff_id"), "reporting_channel": "contact", "office_duty": "office"}
    field = wanted.get(provision.matter)
    if field is not None and getattr(provision, field) is None:
        yield Fault(at(field), "missing_field", {"field": field})
    if provision.ends_on is not None and provision.ends_on < provision.starts_on:
        yield Fault(at("ends_on"), "ends_before_it_starts", {"starts": provision.starts_on, "ends": provision.ends_on})


async def _before(_ledger: LedgerWriterOfFacts, decoded: Decoded[Any], sender: Sender) -> Decoded[Any]:
    """Raises Refused (403): what holds for the whole district is the bureau's to lay down."""
    if not sender.caller.visible.district and any(provision.school_id is None for provision in decoded.records):
        raise Refused("district_only", resource="provisions")
    return decoded


PROVISIONS = Resource(
    "provisions",
    Provision,
    key=("provision_id",),
    home="school_id_or_district",
    faults=_faults,
    staff_named=lambda provision: () if provision.staff_id is None else (provision.staff_id,),
)

# A school lays down its own, the bureau the district's.
router = entry_router(PROVISIONS, scope="documents.write", or_scope="oversight.write", before=_before)
