"""How many findings of which rule and severity, and what is at risk in them: what an overview is drawn from."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.dependencies import FindingsReader, Pool
from shared.database import Statement, reading
from shared.vocabulary import FindingState, Stage

router = APIRouter(prefix="/v1/findings/summary", tags=["findings"])

UNDECIDED: tuple[FindingState, ...] = ("open", "acknowledged", "explained")

# One row per rule and severity, or per school. Sums are of what is known: unpriced says how many findings are not in them.
_SUMMARY = Statement.parse(
    """
    select
        case when :by = 'rule' then finding.rule end as rule,
        case when :by = 'rule' then finding.severity end as severity,
        case when :by = 'school' then finding.school_id end as school_id,
        count(*) as findings,
        count(*) filter (where finding.severity = 'critical') as critical,
        count(*) filter (where finding.escalated_at is not null) as overdue,
        sum(finding.hours_at_risk_hundredths) as hours_at_risk_hundredths,
        sum(finding.amount_at_risk_fen) as amount_at_risk_fen,
        count(*) filter (where finding.hours_at_risk_hundredths is not null and finding.amount_at_risk_fen is null) as unpriced,
        (array_agg(finding.wording -> 'title' order by finding.last_changed desc))[1] as title
    from audit.finding
    where
        finding.state = any(:states::text[])
        and (:school_id::text is null or finding.school_id = :school_id)
        and (
            :stage::text is null
            or exists (
                select from ledger.school where school.school_id = finding.school_id and :stage = any(school.stages)
            )
        )
    group by 1, 2, 3
    order by count(*) desc, 1, 2, 3
    """,
)


@router.get("")
async def summarise(
    caller: FindingsReader,
    pool: Pool,
    by: Literal["rule", "school"] = "rule",
    state: Annotated[list[FindingState], Query(description="may be given more than once")] = list(UNDECIDED),  # noqa: B006
    school_id: str | None = None,
    stage: Stage | None = None,
) -> Response:
    """Findings counted by rule and severity, or by school, the most first; undecided ones when no state is given.

    `cursor`: where the feed of events goes on after what is counted here.
    """
    async with reading(pool, caller.visible) as connection:
        rows = await _SUMMARY.fetch(connection, by=by, states=state, school_id=school_id, stage=stage)
        position = await connection.fetchval("select coalesce(max(position), 0) from audit.finding_event")
    body = {"by": by, "cursor": str(position), "items": [_shown(row, by) for row in rows]}
    return Response(msgspec.json.encode(body), media_type="application/json")


def _shown(row: Any, by: str) -> dict[str, Any]:
    hundredths, amount_fen = row["hours_at_risk_hundredths"], row["amount_at_risk_fen"]
    of_rule = {
        "rule": row["rule"],
        "title": None if row["title"] is None else msgspec.json.decode(row["title"]),
        "severity": row["severity"],
    }
    return {
        **(of_rule if by == "rule" else {"school_id": row["school_id"], "critical": row["critical"]}),
        "findings": row["findings"],
        "overdue": row["overdue"],
        "hours_at_risk": None if hundredths is None else hundredths / 100,
        "amount_at_risk_fen": None if amount_fen is None else int(amount_fen),
        "unpriced": row["unpriced"],
    }
