"""Reconciliation (核对): ledger ↔ publication ↔ submission ↔ payment of a school, person by person, differences first; 一(二)2."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Reports, Table, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.periods import Month, Period, TermId, school_period_of
from services.reporting.reconciling import CHAINS, SOURCES, Difference, Figures, reconcile, shown_figures
from shared.pagination import Limit, decode_cursor

router = APIRouter(prefix="/v1/reports/reconciliation", tags=["reports"])

_COLUMNS = (
    "staff_id", "agrees",
    *(f"{source}_class_hours" for source in CHAINS["class_hours_hundredths"]),
    *(f"{source}_amount_fen" for source in CHAINS["amount_fen"]),
    "class_hours_difference", "amount_difference_fen",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def reconciliation(
    reports: Reports,
    school_id: Annotated[str, Query()],
    month: Month = None,
    term_id: TermId = None,
    differing: Annotated[bool, Query(description="only people of whom not all say the same")] = False,
    cursor: str | None = None,
    limit: Limit = 200,
) -> Response:
    """By staff: what ledger, publications, submission, review and payments say, and where they part; those first."""
    async with reports.snapshot() as snapshot:
        period, chain = await school_period_of(snapshot.connection, school_id, month, term_id, as_of=snapshot.as_of)
        if snapshot.is_known:
            return snapshot.unchanged()
        reconciled = await reconcile(snapshot, school_id, period)
    items = [_shown(*each, school_id=school_id, period=period) for each in reconciled.people]
    chosen = [item for item in items if not (differing and item["agrees"])]
    (after,) = decode_cursor(cursor, int) if cursor else (0,)
    page = chosen[after : after + limit]
    body = {
        "school_id": school_id,
        "period": period.name,
        "chain": chain,
        "documents": {source: reconciled.documents.get(source) for source in SOURCES if source != "ledger"},
        "totals": reconciled.totals,
        "people": len(items),
        "differing": reconciled.differing,
        "items": page,
        "next_cursor": snapshot.link_next((after + limit,) if len(chosen) > after + limit else None),
    }
    return snapshot.answer(
        body, Table(f"reconciliation-{school_id}-{period.name}", _COLUMNS, [_flat(item) for item in page])
    )


def _shown(
    staff_id: str, said: Mapping[str, Figures], differences: Sequence[Difference], *, school_id: str, period: Period
) -> dict[str, Any]:
    return {
        "staff_id": staff_id,
        "agrees": not differences,
        **{source: shown_figures(said.get(source)) for source in SOURCES},
        "differences": [
            {
                "of": each.measure.removesuffix("_hundredths"),
                "between": [each.earlier, each.later],
                **{
                    name: value / 100 if each.measure == "class_hours_hundredths" and value is not None else value
                    for name, value in (("earlier", each.earlier_value), ("later", each.later_value), ("by", each.by))
                },
            }
            for each in differences
        ],
        "rows": row_query(
            "/v1/ledger/sessions",
            school_id=school_id,
            staff_id=staff_id,
            from_=period.first_day,
            to=period.last_day,
        ),
    }


def _flat(item: Mapping[str, Any]) -> dict[str, object]:
    by = {each["of"]: each["by"] for each in item["differences"]}
    return {
        "staff_id": item["staff_id"],
        "agrees": item["agrees"],
        **{
            f"{source}_{name}": None if item[source] is None else item[source][name]
            for source in SOURCES
            for name in ("class_hours", "amount_fen")
        },
        "class_hours_difference": by.get("class_hours"),
        "amount_difference_fen": by.get("amount_fen"),
    }
