"""Reconciliation (核对): ledger ↔ publication ↔ submission ↔ payment of a school, person by person, differences first; 一(二)2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import Reports, Table, require_school, row_query
from services.reporting.dependencies import IN_EITHER_FORMAT
from services.reporting.periods import Month, Period, TermId, chain_position, period_of
from shared.asgi import AsOf
from shared.database import Statement
from shared.pagination import Limit, decode_cursor

router = APIRouter(prefix="/v1/reports/reconciliation", tags=["reports"])

Measure = Literal["class_hours_hundredths", "amount_fen"]
Figures = Mapping[str, int | None]

_RECONCILIATION = Statement.from_file(Path(__file__).with_suffix(".sql"))
# The chain of the notice, in its order: each link is held against the nearest one before it that says something.
SOURCES = ("ledger", "months", "publication", "submission", "review", "payment")
CHAINS: Mapping[Measure, Sequence[str]] = {
    "class_hours_hundredths": ("ledger", "months", "publication", "submission", "review"),
    "amount_fen": ("publication", "submission", "review", "payment"),
}
_COLUMNS = (
    "staff_id", "agrees",
    *(f"{source}_class_hours" for source in CHAINS["class_hours_hundredths"]),
    *(f"{source}_amount_fen" for source in CHAINS["amount_fen"]),
    "class_hours_difference", "amount_difference_fen",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Two neighbours of the chain that do not say the same of a person; None: the one says nothing of them."""

    measure: Measure
    earlier: str
    later: str
    earlier_value: int | None
    later_value: int | None

    @property
    def by(self) -> int:
        """Later less earlier; who is not named has nothing there."""
        return (self.later_value or 0) - (self.earlier_value or 0)


def differences_of(said: Mapping[str, Figures], measured: Mapping[Measure, Sequence[str]]) -> list[Difference]:
    """Where a person's figures part, along the chain, in its order.

    `said`: the person's figures by source, no entry where a source does not name them; hundredths and fen. `measured`: the
    sources of each measure that exist at all and give it, in the chain's order. A difference is never lost in a sum: each
    link is compared with the one before it.
    """
    found = []
    for measure, sources in measured.items():
        for earlier, later in zip(sources, sources[1:], strict=False):
            values = tuple(said.get(source, {}).get(measure) for source in (earlier, later))
            if values[0] != values[1]:
                found.append(Difference(measure, earlier, later, *values))
    return found


@router.get("", responses=IN_EITHER_FORMAT)
async def reconciliation(
    reports: Reports,
    school_id: Annotated[str, Query()],
    month: Month = None,
    term_id: TermId = None,
    differing: Annotated[bool, Query(description="only people of whom not all say the same")] = False,
    as_of: AsOf = None,
    cursor: str | None = None,
    limit: Limit = 200,
) -> Response:
    """By staff: what ledger, publications, submission, review and payments say, and where they part; those first."""
    async with reports.snapshot(as_of) as snapshot:
        await require_school(snapshot, school_id)
        period = await period_of(snapshot.connection, month, term_id, as_of=as_of)
        if snapshot.is_known:
            return snapshot.unchanged()
        chain = await chain_position(snapshot.connection, school_id, as_of=as_of)
        rows = await _RECONCILIATION.fetch(
            snapshot.connection,
            school_id=school_id,
            period=period.name,
            month=month,
            months=_months_of(period),
            first_day=period.first_day,
            last_day=period.last_day,
            as_of=as_of,
        )
    said, documents = _by_person(rows)
    measured = _measured(rows, documents)
    people = sorted(
        ((staff_id, figures, differences_of(figures, measured)) for staff_id, figures in said.items()), key=_worst_first
    )
    items = [_shown(*each, school_id=school_id, period=period) for each in people]
    chosen = [item for item in items if not (differing and item["agrees"])]
    (after,) = decode_cursor(cursor, int) if cursor else (0,)
    page = chosen[after : after + limit]
    body = {
        "school_id": school_id,
        "period": period.name,
        "chain": chain,
        "documents": {source: documents.get(source) for source in SOURCES if source != "ledger"},
        "totals": _totals(said, measured),
        "people": len(items),
        "differing": sum(not item["agrees"] for item in items),
        "items": page,
        "next_cursor": snapshot.link_next((after + limit,) if len(chosen) > after + limit else None),
    }
    return snapshot.answer(
        body, Table(f"reconciliation-{school_id}-{period.name}", _COLUMNS, [_flat(item) for item in page])
    )


def _months_of(period: Period) -> list[str]:
    months, day = [], period.first_day
    while day <= period.last_day:
        months.append(f"{day:%Y-%m}")
        day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return months


def _by_person(rows: Sequence[Any]) -> tuple[dict[str, dict[str, Figures]], dict[str, list[str]]]:
    """What each source says of each person, and the documents of each source."""
    said: dict[str, dict[str, Figures]] = {}
    documents: dict[str, list[str]] = {}
    for row in rows:
        if row["staff_id"] is None:
            documents[row["source"]] = row["record_keys"]
        else:
            figures = {"class_hours_hundredths": row["class_hours_hundredths"], "amount_fen": row["amount_fen"]}
            said.setdefault(row["staff_id"], {})[row["source"]] = figures
    return said, documents


def _measured(rows: Sequence[Any], documents: Mapping[str, object]) -> dict[Measure, list[str]]:
    """The sources that exist and give a measure: a document that names no amount at all does not deny one."""
    gives = {
        (row["source"], measure)
        for row in rows
        for measure in CHAINS
        if row["staff_id"] is not None and row[measure] is not None
    }
    return {
        measure: [
            source
            for source in chain
            if (source == "ledger" or source in documents) and (source == "ledger" or (source, measure) in gives)
        ]
        for measure, chain in CHAINS.items()
    }


def _worst_first(person: tuple[str, object, Sequence[Difference]]) -> tuple[bool, int, int, str]:
    staff_id, _figures, differences = person
    worst = {
        measure: max((abs(each.by) for each in differences if each.measure == measure), default=0) for measure in CHAINS
    }
    return not differences, -worst["amount_fen"], -worst["class_hours_hundredths"], staff_id


def _shown(
    staff_id: str, said: Mapping[str, Figures], differences: Sequence[Difference], *, school_id: str, period: Period
) -> dict[str, Any]:
    return {
        "staff_id": staff_id,
        "agrees": not differences,
        **{source: _cell(said.get(source)) for source in SOURCES},
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


def _cell(figures: Figures | None) -> dict[str, object] | None:
    if figures is None:
        return None
    hundredths = figures["class_hours_hundredths"]
    return {
        "class_hours": None if hundredths is None else hundredths / 100,
        "class_hours_hundredths": hundredths,
        "amount_fen": figures["amount_fen"],
    }


def _totals(
    said: Mapping[str, Mapping[str, Figures]], measured: Mapping[Measure, Sequence[str]]
) -> dict[str, dict[str, object] | None]:
    """Each source's sums; None for a source that says nothing, and for a measure that it does not give."""
    sums = {
        source: {
            measure: sum(figures.get(source, {}).get(measure) or 0 for figures in said.values())
            if source in sources
            else None
            for measure, sources in measured.items()
        }
        for source in SOURCES
    }
    return {source: _cell(each) if any(v is not None for v in each.values()) else None for source, each in sums.items()}  # type: ignore[arg-type]


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
