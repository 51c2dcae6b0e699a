"""Allocation plans (分配方案): how pay is worked out, versioned by the date it takes effect; 一(一)5."""

from collections.abc import Iterable

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.procedures import ALLOCATION_PLAN
from shared.problems import Fault
from shared.remuneration import AllocationPlan


def _faults(plan: AllocationPlan, _known: Known, at: Pointer) -> Iterable[Fault]:
    if plan.effective_to is not None and plan.effective_to < plan.effective_from:
        yield Fault(
            at("effective_to"), "ends_before_it_starts", {"starts": plan.effective_from, "ends": plan.effective_to}
        )


ALLOCATION_PLANS = Resource("allocation-plans", AllocationPlan, key=("version",), faults=_faults)

router = entry_router(ALLOCATION_PLANS, scope="documents.write", machine=ALLOCATION_PLAN)
