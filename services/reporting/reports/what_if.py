"""What if (试算): a draft allocation plan against a past period, beside the plans in force; 一(一)5."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response
from msgspec import Struct

from services.reporting.answers import Reports, Table
from services.reporting.dependencies import IN_EITHER_FORMAT, DraftBody
from services.reporting.pay_run import PayBasis, pay_basis
from services.reporting.periods import Month, Period, TermId, chain_position, period_of
from services.reporting.plan_remarks import Person, people_of, remarks_on, spread_of
from shared.allocation_plan import AllocationPlan, plan_faults
from shared.faults import escaped, faults_of
from shared.problems import Invalid, Refused
from shared.remuneration import PayRun
from shared.work import hours_of

router = APIRouter(prefix="/v1/reports/compensation/what-if", tags=["reports"])

_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
_COLUMNS = ("staff_id", "class_hours", "today_fen", "draft_fen", "difference_fen")
DRAFT = "draft"
_SCHEMAS, _COMPONENTS = msgspec.json.schema_components([AllocationPlan], ref_template="#/components/schemas/{name}")
_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMAS[0]}}},
    "x-components": _COMPONENTS,
}


class Difference(Struct, frozen=True):
    """One person's pay under both."""

    staff_id: str
    class_hours: float
    today_fen: int
    draft_fen: int
    difference_fen: int


@router.post("", responses=IN_EITHER_FORMAT, openapi_extra=_BODY)
async def what_if(
    reports: Reports,
    body: DraftBody,
    school_id: Annotated[str, Query()],
    month: Month = None,
    term_id: TermId = None,
) -> Response:
    """The period's pay under a draft plan, beside today's: totals, budget, spread, who gains and who loses, and remarks.

    The draft is taken as in force on every day of the period. Nothing is written. Its `version`, `school_id` and
    `effective_from` may be left out.
    """
    async with reports.snapshot() as snapshot:
        connection, as_of = snapshot.connection, snapshot.as_of
        period = await period_of(connection, month, term_id, as_of=as_of)
        chain = await chain_position(connection, school_id, as_of=as_of)
        if chain is None:
            raise Refused("not_found")
        draft = _draft_of(body, school_id, period)
        basis = await pay_basis(connection, school_id, period, as_of=as_of)
    today, then = basis.run(), basis.run([draft])
    items = _differences(basis, today, then)
    moved = Counter((item.difference_fen > 0) - (item.difference_fen < 0) for item in items)
    whole = {
        "school_id": school_id,
        "period": period.name,
        "chain": chain,
        "currency": "CNY",
        "today": _shown(basis.plans, today, basis),
        "draft": _shown([draft], then, basis),
        "difference_fen": then.total_fen - today.total_fen,
        "gain": moved[1],
        "lose": moved[-1],
        "unchanged": moved[0],
        "items": items,
    }
    rows = [{name: getattr(item, name) for name in _COLUMNS} for item in items]
    return snapshot.answer(whole, Table(f"what-if-{school_id}-{period.name}", _COLUMNS, rows))


def _draft_of(body: bytes, school_id: str, period: Period) -> AllocationPlan:
    """The draft, in force on all of the period; raises Refused when it is no JSON, Invalid with every place that is wrong."""

    def at(*steps: object) -> str:
        return "".join(f"/{escaped(step)}" for step in steps)

    try:
        plain: Any = _PLAIN.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Refused("malformed_json", reason=str(error)) from error
    if isinstance(plain, dict):
        left_out = {"school_id": school_id, "version": DRAFT, "effective_from": period.first_day.isoformat()}
        plain = {**left_out, **plain}
    try:
        draft = msgspec.convert(plain, AllocationPlan)
    except (msgspec.ValidationError, ValueError) as error:
        raise Invalid(faults_of(plain, AllocationPlan, at, strict=True)) from error
    faults = list(plan_faults(draft, at))
    if faults:
        raise Invalid(faults)
    return msgspec.structs.replace(draft, effective_from=period.first_day, effective_to=None)


def _differences(basis: PayBasis, today: PayRun, then: PayRun) -> list[Difference]:
    """Who gains or loses most first."""
    items = []
    for staff_id, hundredths in hours_of(basis.work).items():
        before, after = today.total_by_staff_fen.get(staff_id, 0), then.total_by_staff_fen.get(staff_id, 0)
        items.append(Difference(staff_id, hundredths / 100, before, after, after - before))
    return sorted(items, key=lambda item: (-abs(item.difference_fen), item.staff_id))


def _shown(plans: Sequence[AllocationPlan], run: PayRun, basis: PayBasis) -> Mapping[str, object]:
    people: Sequence[Person] = people_of(run, basis.work, basis.staff_kinds)
    pay = spread_of([person.amount_fen for person in people])
    hours = spread_of([person.hundredths for person in people])
    return {
        "plan_versions": sorted({line.price.plan_version for line in run.lines}),
        "total_fen": run.total_fen,
        "budget": {
            "budget_fen": run.budget_fen,
            "used_fen": run.total_fen,
            "left_fen": None if run.budget_fen is None else run.budget_fen - run.total_fen,
            "scale": float(run.scale),
            "refused": run.refused,
        },
        "unpriced": len(run.unpriced),
        "people": len(people),
        "spread": None
        if pay is None or hours is None
        else {
            "gini": pay.gini,
            "highest_to_lowest": pay.highest_to_lowest,
            "highest_fen": pay.highest,
            "lowest_fen": pay.lowest,
            "class_hours_gini": hours.gini,
        },
        "remarks": remarks_on(plans, run, people),
    }
