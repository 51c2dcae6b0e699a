"""Gate logs (门禁离校记录): how many pupils went out late, where a school's gate counts them; 三(五)."""

from collections.abc import Iterable
from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer, no_term
from services.ledger_api.ingest.payload import Clock, Count, Identifier, Record, SchoolId, Text
from services.ledger_api.ingest.resource import Resource
from shared.problems import Fault


class GateLog(Record, frozen=True):
    """How many pupils left the school from a time of a day on, by all of its gates together; never who."""

    school_id: SchoolId
    gate_log_id: Identifier
    service_date: date
    after: Clock
    pupils_out: Count
    reason: Text | None = None


def _faults(log: GateLog, known: Known, at: Pointer) -> Iterable[Fault]:
    if known.calendar.term_of(log.service_date) is None:
        yield no_term(known.calendar, log.service_date, at("service_date"))


GATE_LOGS = Resource("gate-logs", GateLog, key=("gate_log_id",), faults=_faults)

router = entry_router(GATE_LOGS, scope="ledger.write")
