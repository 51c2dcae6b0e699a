"""A school's pay run of a period: its plans, its people and its work, from the rollups where these are current."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import asyncpg
import msgspec

from services.reporting.periods import Period
from shared.database import Statement
from shared.remuneration import AllocationPlan, PayRun, compute_pay
from shared.work import WorkDay

_WORK = Statement.from_file(Path(__file__).with_name("pay_run_work.sql"))
_TERMS_OF_PAY = Statement.from_file(Path(__file__).with_name("pay_run.sql"))
_STAFF_KINDS = Statement.parse(
    "select staff.key as staff_id, staff.content ->> 'kind' as kind "
    "from ledger.entry_as_of(coalesce(:as_of::timestamptz, 'infinity')) as staff "
    "where staff.resource = 'staff' and staff.key = any(:staff_ids::text[])"
)
PACKED = msgspec.json.Decoder(WorkDay)
_PLANS = msgspec.json.Decoder(list[AllocationPlan])
_QUALITIES = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True)
class PayBasis:
    """What the pay of a school and period is worked out from, as the ledger knew it at one instant."""

    plans: Sequence[AllocationPlan]
    work: Sequence[WorkDay]
    staff_kinds: dict[str, str]
    qualities: dict[str, str]

    def run(self, plans: Sequence[AllocationPlan] | None = None) -> PayRun:
        """Under the school's own plans, or under these."""
        return compute_pay(
            self.plans if plans is None else plans, self.work, staff_kinds=self.staff_kinds, qualities=self.qualities
        )


async def pay_basis(
    connection: asyncpg.Connection, school_id: str, period: Period, *, as_of: datetime | None
) -> PayBasis:
    """Read it in the connection's snapshot."""
    (terms_of_pay,) = await _TERMS_OF_PAY.fetch(
        connection, school_id=school_id, first_day=period.first_day, last_day=period.last_day, as_of=as_of
    )
    work = await work_of(connection, school_id, period.first_day, period.last_day, as_of=as_of)
    people = sorted(set().union(*(day.staff_ids for day in work)))
    kinds = await _STAFF_KINDS.fetch(connection, staff_ids=people, as_of=as_of)
    return PayBasis(
        plans=_PLANS.decode(terms_of_pay["plans"]),
        work=work,
        staff_kinds={row["staff_id"]: row["kind"] for row in kinds},
        qualities=_QUALITIES.decode(terms_of_pay["qualities"]),
    )


async def work_of(
    connection: asyncpg.Connection, school_id: str, first_day: date, last_day: date, *, as_of: datetime | None
) -> Sequence[WorkDay]:
    """Everybody's part in the held sessions and duties of these days, which come in no order."""
    rows = await _WORK.fetch(connection, school_id=school_id, first_day=first_day, last_day=last_day, as_of=as_of)
    return [PACKED.decode(row["work"]) for row in rows]
