"""Findings: what does not agree, filtered and paged, and each with its evidence and history."""

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.reporting.answers import SHEETS, Table
from services.reporting.dependencies import IN_EITHER_FORMAT, AnswerFormat, FindingsReader, Pool
from services.reporting.overview import periods_in
from services.reporting.periods import AcademicYear, Month, TermId, span_of
from shared.database import Statement, reading
from shared.pagination import Limit, decode_cursor, encode_cursor
from shared.problems import Refused
from shared.vocabulary import FindingState, Severity, Stage

router = APIRouter(prefix="/v1/findings", tags=["findings"])

_LIST = Statement.parse(
    """
    select finding.*
    from audit.finding
    where
        (:school_id::text is null or finding.school_id = :school_id)
        and (:rules::text[] is null or finding.rule = any(:rules))
        and (:severity::text is null or finding.severity = :severity)
        and (:states::text[] is null or finding.state = any(:states))
        and (:period::text is null or finding.period = :period)
        and (
            :first_day::date is null
            or finding.service_date between :first_day and :last_day
            or finding.period = any(:periods::text[])
        )
        and (:from_day::date is null or finding.service_date >= :from_day)
        and (:to_day::date is null or finding.service_date <= :to_day)
        and (
            :stage::text is null
            or exists (
                select from ledger.school where school.school_id = finding.school_id and :stage = any(school.stages)
            )
        )
        and (
            :town::text is null
            or exists (select from ledger.school where school.school_id = finding.school_id and school.town = :town)
        )
        and finding.finding_id > :after
    order by finding.finding_id
    limit :limit
    """,
)
_EVENTS = """
    select
        event.position, event.change, event.state, event.at, event.batch_ids, event.disposition_id,
        disposition.number, disposition.kind, disposition.from_state, disposition.text, disposition.reason_code,
        disposition.assignee, disposition.by_kind, batch.client_id as by
    from audit.finding_event as event
    left join ledger.disposition
        on disposition.school_id = $2 and disposition.disposition_id = event.disposition_id
    left join ledger.batch on batch.batch_id = disposition.batch_id
    where event.finding_id = $1
    order by event.position
"""
# Where a rule's evidence names pupils, it names them under these.
PUPIL_KEYS = frozenset({"student_id", "student_ids", "pupil_keys"})
_CSV_COLUMNS = (
    "finding_id", "rule", "severity", "state", "school_id", "subject_kind", "subject_id", "service_date", "period",
    "expected", "found", "hours_at_risk", "amount_at_risk_fen", "first_seen", "last_changed",
)  # fmt: skip


@router.get("", responses=IN_EITHER_FORMAT)
async def list_findings(
    caller: FindingsReader,
    pool: Pool,
    answer: AnswerFormat,
    school_id: str | None = None,
    stage: Stage | None = None,
    town: str | None = None,
    rule: Annotated[list[str] | None, Query()] = None,
    severity: Severity | None = None,
    state: Annotated[list[FindingState] | None, Query()] = None,
    period: str | None = None,
    month: Month = None,
    term_id: TermId = None,
    academic_year: AcademicYear = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Findings by school, stage, town, rule, severity, state and period, in the order of their ids.

    `period`: exactly this; `month`, `term_id`, `academic_year`: whatever is of its days, or of it or a part of it as a whole.
    """
    (after,) = decode_cursor(cursor, str) if cursor else ("",)
    async with reading(pool, caller.visible) as connection:
        span = None
        if (month, term_id, academic_year) != (None, None, None):
            span = await span_of(connection, month, term_id, academic_year)
        rows = await _LIST.fetch(
            connection,
            school_id=school_id,
            stage=stage,
            town=town,
            rules=rule,
            severity=severity,
            states=state,
            period=period,
            first_day=span and span.first_day,
            last_day=span and span.last_day,
            periods=[] if span is None else periods_in(span),
            from_day=from_day,
            to_day=to_day,
            after=after,
            limit=limit + 1,
        )
    items = [shown_finding(row) for row in rows[:limit]]
    if answer != "json":
        flat = [
            {**item, "subject_kind": item["subject"]["kind"], "subject_id": item["subject"]["id"]} for item in items
        ]
        return SHEETS[answer](Table("findings", _CSV_COLUMNS, flat))
    cursor = encode_cursor((rows[limit - 1]["finding_id"],)) if len(rows) > limit else None
    return Response(msgspec.json.encode({"items": items, "next_cursor": cursor}), media_type="application/json")


@router.get("/{finding_id}")
async def get_finding(finding_id: str, caller: FindingsReader, pool: Pool) -> Response:
    """One finding with its evidence, and every change of it."""
    async with reading(pool, caller.visible) as connection:
        row = await connection.fetchrow("select * from audit.finding where finding_id = $1", finding_id)
        if row is None:
            raise Refused("not_found")
        events = await connection.fetch(_EVENTS, finding_id, row["school_id"])
    evidence = msgspec.json.decode(row["evidence"])
    if "ledger.read" not in caller.scopes:
        evidence = _without_pupils(evidence)
    body = {**shown_finding(row), "evidence": evidence, "events": [_shown_event(event) for event in events]}
    return Response(msgspec.json.encode(body), media_type="application/json")


def _shown_event(event: Any) -> dict[str, Any]:
    """One change; of one that people made, also who, what and why."""
    shown = {
        "position": event["position"],
        "change": event["change"],
        "state": event["state"],
        "at": event["at"],
        "batch_ids": [str(batch) for batch in event["batch_ids"]],
    }
    if event["disposition_id"] is None:
        return shown
    names = ("number", "kind", "from_state", "text", "reason_code", "assignee", "by", "by_kind")
    return {**shown, "disposition": {name: event[name] for name in names}}


def _without_pupils(evidence: Any) -> Any:
    """The same without pupils' keys, which only those see who read the ledger's own records."""
    if isinstance(evidence, dict):
        return {name: _without_pupils(each) for name, each in evidence.items() if name not in PUPIL_KEYS}
    if isinstance(evidence, list):
        return [_without_pupils(each) for each in evidence]
    return evidence


def shown_finding(row: Any) -> dict[str, Any]:
    """A finding as the lists and feeds show it, without evidence."""
    wording = msgspec.json.decode(row["wording"])
    hundredths = row["hours_at_risk_hundredths"]
    return {
        "finding_id": row["finding_id"],
        "rule": row["rule"],
        "rule_version": row["rule_version"],
        "severity": row["severity"],
        "state": row["state"],
        "school_id": row["school_id"],
        "subject": {"kind": row["subject_kind"], "id": row["subject"]},
        "service_date": None if row["service_date"] is None else row["service_date"].isoformat(),
        "period": row["period"],
        "title": wording["title"],
        "explanation": wording["explanation"],
        "clause": wording["clause"],
        "expected": row["expected"],
        "found": row["found"],
        # The same in words of either language; a finding that an earlier version wrote has only those.
        "said": wording.get("said")
        or {key: {"expected": row["expected"], "found": row["found"]} for key in ("zh", "en")},
        "hours_at_risk": None if hundredths is None else hundredths / 100,
        "amount_at_risk_fen": row["amount_at_risk_fen"],
        "parameters": msgspec.json.decode(row["parameters"]),
        "related": row["related"],
        "first_seen": row["first_seen"],
        "last_changed": row["last_changed"],
        "waiting_since": row["waiting_since"],
        "escalated_at": row["escalated_at"],
    }
