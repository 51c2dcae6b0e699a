"""Agreements (合同与协议): with providers, with people from outside, with partners, and who pays for it; 一(一)2, 一(一)4, 一(一)5."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Fen, Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import AgreementKind, Payer


class Agreement(Record, frozen=True):
    """One agreement, in force from `starts_on` to `ends_on`, or to the day before it was `ended_on`.

    Of a `pairing`, `staff_id` is the professional and `teacher_id` the teacher of the school.
    """

    school_id: SchoolId
    agreement_id: Identifier
    kind: AgreementKind
    starts_on: date
    ends_on: date | None = None
    ended_on: date | None = None
    provider_id: Identifier | None = None
    staff_id: Identifier | None = None
    teacher_id: Identifier | None = None
    partner: Text | None = None
    role: Text | None = None
    signed_by_school_on: date | None = None
    signed_by_partner_on: date | None = None
    deliberation_id: Identifier | None = None
    paid_by: Payer | None = None
    amount_fen: Fen | None = None
    result: Text | None = None
    attachments: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    reason: Text | None = None


def _faults(agreement: Agreement, known: Known, at: Pointer) -> Iterable[Fault]:
    if agreement.provider_id is not None and agreement.provider_id not in known.providers:
        yield Fault(at("provider_id"), "unknown_provider", {"provider_id": agreement.provider_id})
    for field in ("staff_id", "teacher_id"):
        staff_id = getattr(agreement, field)
        if staff_id is not None and staff_id not in known.staff:
            yield Fault(at(field), "unknown_staff", {"staff_id": staff_id})
    for wanted in _parties(agreement):
        if getattr(agreement, wanted) is None:
            yield Fault(at(wanted), "missing_field", {"field": wanted})
    for last in ("ends_on", "ended_on"):
        ends = getattr(agreement, last)
        if ends is not None and ends < agreement.starts_on:
            yield Fault(at(last), "ends_before_it_starts", {"starts": agreement.starts_on, "ends": ends})


def _parties(agreement: Agreement) -> tuple[str, ...]:
    """With whom an agreement of the kind is made."""
    match agreement.kind:
        case "service_contract":
            return ("provider_id",)
        case "engagement":
            return ("staff_id",)
        case "pairing":
            return ("staff_id", "teacher_id")
        case "partnership":
            return ("partner",)


AGREEMENTS = Resource(
    "agreements",
    Agreement,
    key=("agreement_id",),
    faults=_faults,
    staff_named=lambda agreement: (each for each in (agreement.staff_id, agreement.teacher_id) if each is not None),
    providers_named=lambda agreement: () if agreement.provider_id is None else (agreement.provider_id,),
)

router = entry_router(AGREEMENTS, scope="documents.write")
