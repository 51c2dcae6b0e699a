"""The findings as the database keeps them: what is known in a scope, and the changes with their events."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from services.audit_worker.catalogue import Rule
from services.audit_worker.dispositions import settle
from services.audit_worker.fold import Folded, Known, Row, merged
from services.audit_worker.glossary import in_chinese, name_in_chinese
from services.audit_worker.scope import Scope
from shared.vocabulary import Grain

# With whom a finding about an office's duty is kept, beside the bureau ('district'): the stage centres.
CENTRES = ("centre-primary", "centre-junior")

_encoder = msgspec.json.Encoder(decimal_format="number")


# Those findings of some rules of one grain that a run over a scope could have found; of both tables alike.
_IN_SCOPE = """
    rule = any($1)
    and (
        (service_date between $4 and $5 and case when $6 then subject = any($3) else school_id = any($2) end)
        or (
            period is not null
            and school_id = any($2)
            and (
                -- A month: as text, a spring term (2025-2026-2) would lie between the months of its autumn.
                (length(period) = 7 and period between to_char($4::date, 'YYYY-MM') and to_char($5::date, 'YYYY-MM'))
                or exists (
                    select from ledger.term
                    where period in (term.term_id, left(term.term_id, 9)) and term.starts_on <= $5 and term.ends_on >= $4
                )
            )
        )
    )
"""
_KNOWN = f"select rule, finding_id, state, fingerprint from audit.finding where {_IN_SCOPE}"  # noqa: S608 the constant above
_FORGET = f"delete from audit.held_back where {_IN_SCOPE} returning said_by"  # noqa: S608 the constant above
# Of a school or the whole district: the date, or else the recorded days between two.
_DAYS_SPOKEN_OF = """
    select school.school_id, day.service_date
    from ledger.chain_head as school
    cross join lateral (
        select $2::date as service_date where $2::date is not null
        union all
        select service_date from audit.recorded_day
        where $2::date is null and recorded_day.school_id = school.school_id and service_date between $3 and $4
    ) as day
    where $1 = 'district' or school.school_id = $1
"""


def _in_scope(grain: Grain, codes: Sequence[str], scope: Scope, people: Collection[str]) -> tuple[object, ...]:
    return (
        codes,
        # What is said of the whole district is nobody's own, whichever school made it looked at.
        [
            *scope.school_ids,
            *(["district"] if grain == "district" else []),
            # Where the offices are looked at, all of them are.
            *(CENTRES if "district" in scope.school_ids else ()),
        ],
        list(people),
        scope.first_day,
        scope.last_day,
        grain == "staff_day",
    )


async def known_in(
    connection: asyncpg.Connection, rule: Rule, scope: Scope, people: Collection[str]
) -> dict[str, Known]:
    """The rule's findings in the scope: those a run over the scope could have found."""
    return (await known_of(connection, [(rule, scope)], people))[rule.code, scope]


async def known_of(
    connection: asyncpg.Connection, runs: Collection[tuple[Rule, Scope]], people: Collection[str]
) -> dict[tuple[str, Scope], dict[str, Known]]:
    """By (code, scope) of each run the rule's findings there; one query for all rules of one grain in one scope."""
    codes: dict[tuple[Grain, Scope], list[str]] = defaultdict(list)
    for rule, scope in runs:
        codes[rule.header.grain, scope].append(rule.code)
    known: dict[tuple[str, Scope], dict[str, Known]] = {(rule.code, scope): {} for rule, scope in runs}
    for (grain, scope), of in codes.items():
        for row in await connection.fetch(_KNOWN, *_in_scope(grain, of, scope, people)):
            known[row["rule"], scope][row["finding_id"]] = Known(row["state"], row["fingerprint"])
    return known


async def moved_days(
    connection: asyncpg.Connection, rule: Rule, found: Sequence[tuple[Scope, Sequence[Row]]], people: Collection[str]
) -> set[tuple[str, date]]:
    """The recorded days that a finding of the rule newly speaks of, or no longer; a district's day is every school's."""
    moved: set[tuple[str, date]] = set()
    for scope, rows in found:
        known = await known_in(connection, rule, scope, people)
        open_now = {finding_id for finding_id, each in known.items() if each.state != "cleared"}
        changed = open_now ^ {row.finding_id(rule.code) for row in rows}
        if not changed:
            continue
        gone = await connection.fetch(
            "select school_id, service_date from audit.finding where finding_id = any($1)", list(changed & open_now)
        )
        places = {(row["school_id"], row["service_date"]) for row in gone} | {
            (row.school_id, row.service_date) for row in rows if row.finding_id(rule.code) in changed
        }
        for school_id, service_date in places:
            days = await connection.fetch(_DAYS_SPOKEN_OF, school_id, service_date, scope.first_day, scope.last_day)
            moved |= {(row["school_id"], row["service_date"]) for row in days}
    return moved


async def hold_back(
    connection: asyncpg.Connection,
    rule: Rule,
    scope: Scope,
    people: Collection[str],
    rows: Sequence[Row],
    yielded: Mapping[str, set[str]],
) -> set[str]:
    """Note what the rule would say in the scope and another says for it; returns the others' findings, then and now.

    `yielded`: finding_id of what is held back → the findings that say it.
    """
    gone = await connection.fetch(_FORGET, *_in_scope(rule.header.grain, [rule.code], scope, people))
    now = [
        (said_by, row.finding_id(rule.code), rule.code, row.school_id, row.subject, row.service_date, row.period)
        for row in merged(rows, rule.code).values()
        for said_by in sorted(yielded[row.finding_id(rule.code)])
    ]
    await connection.executemany("insert into audit.held_back values ($1, $2, $3, $4, $5, $6, $7)", now)
    return {row["said_by"] for row in gone} | {each[0] for each in now}


async def relate(connection: asyncpg.Connection, finding_ids: Collection[str]) -> None:
    """Let these findings name the rules that give way to them now, though nothing else of theirs has changed."""
    if finding_ids:
        await connection.execute(
            """
            update audit.finding
            set related = array(select distinct rule from audit.held_back where said_by = finding.finding_id order by rule)
            where finding_id = any($1)
            """,
            list(finding_ids),
        )


async def write_changes(
    connection: asyncpg.Connection,
    changes: Sequence[tuple[Rule, Folded]],
    position: int,
    batches: Collection[UUID],
) -> None:
    """The rules' changes as findings and as events, behind `position`, in one statement each."""
    now = datetime.now(UTC)
    folded = [change for _rule, change in changes]
    opened = [_finding(rule, change.finding_id, change.row, now) for rule, change in changes if change.row is not None]
    await connection.execute(
        """
        insert into audit.finding
        select * from jsonb_populate_recordset(null::audit.finding, $1::text::jsonb)
        on conflict (finding_id) do update set
            rule_version = excluded.rule_version, severity = excluded.severity,
            expected = excluded.expected, found = excluded.found,
            hours_at_risk_hundredths = excluded.hours_at_risk_hundredths, amount_at_risk_fen = excluded.amount_at_risk_fen,
            evidence = excluded.evidence, parameters = excluded.parameters, wording = excluded.wording,
            fingerprint = excluded.fingerprint, says = excluded.says,
            last_changed = excluded.last_changed
        """,
        _encoder.encode(opened).decode(),
    )
    cleared = [change.finding_id for change in folded if change.row is None]
    await connection.execute(
        """
        update audit.finding
        set state = 'cleared', last_changed = $2, waiting_since = null, escalated_at = null
        where finding_id = any($1)
        """,
        cleared,
        now,
    )
    await settle(connection, [finding["finding_id"] for finding in opened], now)
    await relate(connection, [finding["finding_id"] for finding in opened])
    await connection.execute(
        """
        insert into audit.finding_event (
            position, finding_id, change, school_id, rule, severity, state, at, batch_ids, finding, records
        )
        select
            $1 + change.place, finding.finding_id, change.change, finding.school_id, finding.rule, finding.severity, finding.state,
            $2, $3, to_jsonb(finding) - 'fingerprint' - 'says' - 'evidence', finding.evidence -> 'records'
        from unnest($4::text[], $5::text[]) with ordinality as change (finding_id, change, place)
        inner join audit.finding using (finding_id)
        """,
        position,
        now,
        list(batches),
        [change.finding_id for change in folded],
        [change.change for change in folded],
    )


def _finding(rule: Rule, finding_id: str, row: Row, now: datetime) -> dict[str, Any]:
    header = rule.header
    values = {"subject": row.subject, "when": row.service_date or row.period, "school_id": row.school_id}
    # What the statement says, in the reader's language.
    said = {
        "zh": {
            "expected": None if row.expected is None else in_chinese(rule.code, row.expected),
            "found": None if row.found is None else in_chinese(rule.code, row.found),
        },
        "en": {"expected": row.expected, "found": row.found},
    }
    named = {**values, "subject": name_in_chinese(rule.code, row.subject)}
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
            "explanation": {
                "zh": header.says.zh.format_map(named | said["zh"]),
                "en": header.says.en.format_map(values | said["en"]),
            },
            "said": said,
            "clause": header.clause,
        },
        "related": [],
        "fingerprint": "\\x" + row.fingerprint(header.version).hex(),
        "says": "\\x" + row.says.hex(),
        "waiting_since": now,
        "first_seen": now,
        "last_changed": now,
    }
