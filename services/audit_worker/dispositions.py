"""What people decide about a finding, folded into its state: each decision one event, an overdue finding one more.

A decision is a fact of the ledger and names what the finding said (`says`). A finding's state follows from both alone:
cleared when the data no longer shows it, else the newest decision about what it says now, else open. So it does not
matter in which order facts and decisions were audited, and the state can be rebuilt.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

RESOURCE = "dispositions"


async def settle(connection: asyncpg.Connection, finding_ids: Sequence[str], now: datetime) -> None:
    """Give these findings, which the data shows, the state in which people left what they say."""
    await connection.execute(
        """
        update audit.finding
        set
            state = settled.state,
            -- It goes on waiting as long as nobody has explained or decided; what reopens waits anew.
            waiting_since = case
                when settled.state not in ('open', 'acknowledged') then null
                when finding.state in ('open', 'acknowledged') then finding.waiting_since
                else $2
            end,
            escalated_at = case
                when settled.state in ('open', 'acknowledged') and finding.state in ('open', 'acknowledged')
                    then finding.escalated_at
            end
        from (
            select
                shown.finding_id,
                coalesce(
                    (
                        select disposition.state
                        from ledger.disposition
                        where
                            -- A stage centre has no chain of its own: what is decided about its duties is in the district's.
                            disposition.school_id
                            = case when left(shown.school_id, 7) = 'centre-' then 'district' else shown.school_id end
                            and disposition.finding_id = shown.finding_id
                            and disposition.says = shown.says
                            and disposition.state is not null
                        order by disposition.number desc
                        limit 1
                    ),
                    'open'
                ) as state
            from audit.finding as shown
            where shown.finding_id = any($1)
        ) as settled
        where settled.finding_id = finding.finding_id
        """,
        list(finding_ids),
        now,
    )


async def fold_dispositions(
    connection: asyncpg.Connection, position: int, claimed: Sequence[asyncpg.Record], now: datetime
) -> int:
    """Fold the decisions among the claimed outbox rows, each one event after `position`; returns how many.

    A decision about a finding that the data has changed or cleared meanwhile leaves its state alone.
    """
    batches = [row["batch_id"] for row in claimed]
    shown = await connection.fetch(
        """
        select distinct finding.finding_id
        from ledger.disposition
        inner join audit.finding using (finding_id)
        where
            disposition.school_id = any($1) and disposition.batch_id = any($2) and finding.state <> 'cleared'
        """,
        [row["school_id"] for row in claimed],
        batches,
    )
    finding_ids = [row["finding_id"] for row in shown]
    await settle(connection, finding_ids, now)
    await connection.execute("update audit.finding set last_changed = $2 where finding_id = any($1)", finding_ids, now)
    told = await connection.fetch(
        """
        insert into audit.finding_event (
            position, finding_id, change, school_id, rule, severity, state, at, batch_ids, finding, disposition_id, records
        )
        select
            $3 + row_number() over (order by disposition.recorded_at, disposition.finding_id, disposition.number),
            finding.finding_id, 'disposed', finding.school_id, finding.rule, finding.severity,
            -- Of several at once each says where it led.
            case
                when finding.state = 'cleared' or disposition.says <> finding.says then finding.state
                else coalesce(disposition.state, disposition.from_state)
            end,
            $4, array[disposition.batch_id], to_jsonb(finding) - 'fingerprint' - 'says' - 'evidence', disposition.disposition_id,
            finding.evidence -> 'records'
        from ledger.disposition
        inner join audit.finding using (finding_id)
        where disposition.school_id = any($1) and disposition.batch_id = any($2)
        returning position
        """,
        [row["school_id"] for row in claimed],
        batches,
        position,
        now,
    )
    return len(told)


async def escalate(connection: asyncpg.Connection, position: int, waited: timedelta, now: datetime) -> int:
    """Say once of every finding that has waited so long that it is overdue, each one event; returns how many."""
    overdue = await connection.fetch(
        """
        update audit.finding
        set escalated_at = $2
        where escalated_at is null and waiting_since is not null and waiting_since <= $2::timestamptz - $1::interval
        returning finding_id
        """,
        waited,
        now,
    )
    await connection.execute(
        """
        insert into audit.finding_event (
            position, finding_id, change, school_id, rule, severity, state, at, batch_ids, finding, records
        )
        select
            $1 + row_number() over (order by finding_id), finding_id, 'escalated', school_id, rule, severity, state, $2, '{}',
            to_jsonb(finding) - 'fingerprint' - 'says' - 'evidence', evidence -> 'records'
        from audit.finding
        where finding_id = any($3)
        """,
        position,
        now,
        [row["finding_id"] for row in overdue],
    )
    return len(overdue)
