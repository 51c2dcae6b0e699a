"""Closures: days without service that nobody is blamed for (typhoon, examination site)."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault


class Closure(Record, frozen=True):
    """A date range, both ends in it, for the whole district, a town, or the schools named."""

    closure_id: Identifier
    starts_on: date
    ends_on: date
    reason: Text
    town: Text | None = None
    schools: tuple[SchoolId, ...] | None = None


def _faults(closure: Closure, _known: Known, at: Pointer) -> Iterable[Fault]:
    if closure.ends_on < closure.starts_on:
        yield Fault(at("ends_on"), "ends_before_it_starts", {"starts": closure.starts_on, "ends": closure.ends_on})


CLOSURES = Resource(
    "closures",
    Closure,
    key=("closure_id",),
    home="district",
    faults=_faults,
    schools_bound=lambda closure: closure.schools,
)

router = entry_router(CLOSURES, scope="registers.write")
