"""Allocation plans (分配方案): how pay is worked out, versioned by the date it takes effect; 一(一)5."""

from collections.abc import Iterable

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.procedures import ALLOCATION_PLAN
from shared.allocation_plan import AllocationPlan, plan_faults
from shared.problems import Fault


def _faults(plan: AllocationPlan, _known: Known, at: Pointer) -> Iterable[Fault]:
    return plan_faults(plan, at)


ALLOCATION_PLANS = Resource("allocation-plans", AllocationPlan, key=("version",), faults=_faults)

router = entry_router(ALLOCATION_PLANS, scope="documents.write", machine=ALLOCATION_PLAN)
