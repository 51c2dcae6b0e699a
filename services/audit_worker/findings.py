"""The findings as the database keeps them: what is known in a scope, and the changes with their events."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from services.audit_worker.catalogue import Rule
from services.audit_worker.fold import Folded, Known, Row
from services.audit_worker.scope import Scope

_encoder = msgspec.json.Encoder(decimal_format="number")


async def known_in(
    connection: asyncpg.Connection, rule: Rule, scope: Scope, people: Collection[str]
) -> dict[str, Known]:
    """The rule's findings in the scope: those a run over the scope could have found."""
    rows = await connection.fetch(
        """
        select finding_id, state, fingerprint
        from audit.finding
        where
            rule = $1
            and (
                (service_date between $4 and $5 and case when $6 then subject = any($3) else school_id = any($2) end)
                or (
                    period is not null
                    and school_id = any($2)
                    and (
                        period between to_char($4::date, 'YYYY-MM') and to_char($5::date, 'YYYY-MM')
                        or exists (
                            select from ledger.term
                            where term.term_id = finding.period and term.starts_on <= $5 and term.ends_on >= $4
                        )
                    )
                )
            )
        """,
        rule.code,
        # What is said of the whole district is nobody's own, whichever school made it looked at.
        [*scope.school_ids, *(["district"] if rule.header.grain == "district" else [])],
        list(people),
        scope.first_day,
        scope.last_day,
        rule.header.grain == "staff_day",
    )
    return {row["finding_id"]: Known(row["state"], row["fingerprint"]) for row in rows}


async def write_changes(
    connection: asyncpg.Connection,
    rule: Rule,
    folded: Sequence[Folded],
    position: int,
    batches: Collection[UUID],
    yielded: Mapping[str, set[str]],
) -> None:
    """The changes as findings and as events, in one statement each."""
    if not folded:
        return
    now = datetime.now(UTC)
    related: dict[str, list[str]] = defaultdict(list)
    for giving_way, said_by in yielded.items():
        for finding_id in said_by:
            related[finding_id].append(giving_way.split("-")[0])
    opened = [
        _finding(rule, change.finding_id, change.row, now, related) for change in folded if change.row is not None
    ]
    await connection.execute(
        """
        insert into audit.finding
        select * from jsonb_populate_recordset(null::audit.finding, $1::text::jsonb)
        on conflict (finding_id) do update set
            rule_version = excluded.rule_version, severity = excluded.severity,
            state = case when finding.state = 'cleared' then 'open' else finding.state end,
            expected = excluded.expected, found = excluded.found,
            hours_at_risk_hundredths = excluded.hours_at_risk_hundredths, amount_at_risk_fen = excluded.amount_at_risk_fen,
            evidence = excluded.evidence, parameters = excluded.parameters, wording = excluded.wording,
            related = excluded.related, fingerprint = excluded.fingerprint, last_changed = excluded.last_changed
        """,
        _encoder.encode(opened).decode(),
    )
    cleared = [change.finding_id for change in folded if change.row is None]
    await connection.execute(
        "update audit.finding set state = 'cleared', last_changed = $2 where finding_id = any($1)", cleared, now
    )
    await connection.execute(
        """
        insert into audit.finding_event
        select
            $1 + change.place, finding.finding_id, change.change, finding.school_id, finding.rule, finding.severity, finding.state,
            $2, $3, to_jsonb(finding) - 'fingerprint' - 'evidence'
        from unnest($4::text[], $5::text[]) with ordinality as change (finding_id, change, place)
        inner join audit.finding using (finding_id)
        """,
        position,
        now,
        list(batches),
        [change.finding_id for change in folded],
        [change.change for change in folded],
    )


def _finding(rule: Rule, finding_id: str, row: Row, now: datetime, related: Mapping[str, list[str]]) -> dict[str, Any]:
    header = rule.header
    values = {
        "subject": row.subject,
        "expected": row.expected,
        "found": row.found,
        "when": row.service_date or row.period,
        "school_id": row.school_id,
    }
    return {
        "finding_id": finding_id,
        "rule": rule.code,
        "rule_version": header.version,
        "severity": header.severity,
        "school_id": row.school_id,
        "subject_kind": row.subject_kind,
        "subject": row.subject,
        "service_date": row.service_date,
        "period": row.period,
        "state": "open",
        "expected": row.expected,
        "found": row.found,
        "hours_at_risk_hundredths": row.hours_at_risk_hundredths,
        "amount_at_risk_fen": row.amount_at_risk_fen,
        "evidence": row.evidence,
        "parameters": rule.parameters,
        "wording": {
            "title": {"zh": header.name.zh, "en": header.name.en},
            "explanation": {"zh": header.says.zh.format_map(values), "en": header.says.en.format_map(values)},
            "clause": header.clause,
        },
        "related": sorted(set(related.get(finding_id, ()))),
        "fingerprint": "\\x" + row.fingerprint(header.version).hex(),
        "first_seen": now,
        "last_changed": now,
    }
