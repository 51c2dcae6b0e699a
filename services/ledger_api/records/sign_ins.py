"""Sign-ins (签到签退) of staff, where a school's devices or sheets keep them; 一(一)6."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer, no_term
from services.ledger_api.ingest.payload import Identifier, Instant, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault
from shared.vocabulary import SignInKind


class SignIn(Record, frozen=True):
    """One person signed in or out: when, on which device, and by whose account if not their own."""

    school_id: SchoolId
    sign_in_id: Identifier
    service_date: date
    staff_id: Identifier
    at: Instant
    kind: SignInKind
    device: Text | None = None
    by: Identifier | None = None
    reason: Text | None = None


def _faults(sign_in: SignIn, known: Known, at: Pointer) -> Iterable[Fault]:
    if known.calendar.term_of(sign_in.service_date) is None:
        yield no_term(known.calendar, sign_in.service_date, at("service_date"))
    if sign_in.staff_id not in known.staff:
        yield Fault(at("staff_id"), "unknown_staff", {"staff_id": sign_in.staff_id})


SIGN_INS = Resource(
    "sign-ins", SignIn, key=("sign_in_id",), faults=_faults, staff_named=lambda sign_in: (sign_in.staff_id,)
)

router = entry_router(SIGN_INS, scope="ledger.write")
