"""How far each subscription's events have been delivered, school by school: rows of PostgreSQL that outlive the worker."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from shared.database import Visible
from shared.tokens import visible_to

# So many events are looked through at once when they are shared out to the schools' queues.
SHARED_OUT_AT_ONCE = 20_000

_SUBSCRIPTIONS = """
    select
        subscription.*, coalesce(client.kind, client_kind) as kind, coalesce(client.schools, client_schools) as own_schools,
        string_to_array(ledger.schools_of_stage(coalesce(client.stage, client_stage)), ',') as schools_of_stage,
        coalesce(progress.shared_out_to, starts_after) as shared_out_to,
        state = 'active' and client.revoked_at is null
        and coalesce(progress.disabled_activation, 0) < activation as active
    from ledger.subscription
    left join ledger.api_client as client using (client_id)
    left join audit.subscription_progress as progress using (subscription_id)
    where removed_at is null
    order by subscription_id
"""
# What a subscription is about: $1 whether the district, $2 else which schools its owner sees; $3, $4, $5 what it asks for.
_WANTED = """
    (case when $1 then left(school_id, 5) <> '99999' else school_id = any($2) end)
    and (cardinality($3::text[]) = 0 or severity = any($3))
    and (cardinality($4::text[]) = 0 or rule = any($4))
    and (cardinality($5::text[]) = 0 or school_id = any($5))
"""
_SHARE_OUT = f"""
    with school as (
        select school_id, max(position) as last_position
        from audit.finding_event
        where position > $7 and position <= $8 and {_WANTED}
        group by school_id
    ),

    queued as (
        insert into audit.delivery_queue (subscription_id, school_id, position, pending_to, next_attempt_at)
        select $6::text, school_id, $7::bigint, last_position, $9::timestamptz from school
        on conflict (subscription_id, school_id) do update set
            pending_to = greatest(delivery_queue.pending_to, excluded.pending_to),
            -- A queue that waits to try again goes on waiting.
            next_attempt_at = case
                when delivery_queue.position < delivery_queue.pending_to then delivery_queue.next_attempt_at
                else excluded.next_attempt_at
            end
    )

    insert into audit.subscription_progress (subscription_id, shared_out_to)
    values ($6::text, $8::bigint)
    on conflict (subscription_id) do update set shared_out_to = excluded.shared_out_to
"""  # noqa: S608 a constant
_EVENTS = f"""
    select
        position, finding_id, change, at, school_id, finding,
        -- The ids of the requests that it came from, of some.
        array(select distinct request_id from ledger.batch where batch_id = any(batch_ids[1:5]) order by 1) as request_ids,
        -- What came first leads.
        array(
            select traceparent from ledger.batch_trace
            where batch_id = any(batch_ids[1:5])
            group by traceparent
            order by min(noted_at), traceparent
        ) as traceparents
    from audit.finding_event
    where school_id = $6 and position > $7 and {_WANTED}
    order by position
    limit $8
"""  # noqa: S608 a constant
_DUE = """
    select school_id, position, pending_to, attempts, failing_since, next_attempt_at
    from audit.delivery_queue
    where
        subscription_id = $1 and position < pending_to and next_attempt_at <= $2 and not school_id = any($3)
        and (case when $4 then left(school_id, 5) <> '99999' else school_id = any($5) end)
    order by next_attempt_at, school_id
    limit $6
"""
_REQUESTS = """
    select request_id, subscription_id, kind, from_position, requested_at
    from ledger.subscription_request as request
    where not exists (select from audit.subscription_request_done as done where done.request_id = request.request_id)
    order by request_id
    limit 1000
"""
_NOTE = """
    insert into audit.delivery (
        subscription_id, webhook_id, event_type, position, school_id, attempt, delivered, status_code, error, took_ms,
        attempted_at, next_attempt_at
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""


@dataclass(frozen=True)
class Subscription:
    """One subscription as the worker serves it."""

    subscription_id: str
    url: str
    # Sealed; the newest first.
    secrets: tuple[bytes, ...]
    visible: Visible
    severities: tuple[str, ...]
    rules: tuple[str, ...]
    schools: tuple[str, ...]
    shared_out_to: int
    activation: int
    active: bool

    @property
    def wanted(self) -> tuple[object, ...]:
        """The first five arguments of the statements that choose its events."""
        return self.visible.district, self.visible.schools, self.severities, self.rules, self.schools


@dataclass(frozen=True)
class Queue:
    """One school's queue in a subscription."""

    school_id: str
    position: int
    pending_to: int
    attempts: int
    failing_since: datetime | None
    next_attempt_at: datetime


@dataclass(frozen=True)
class Attempt:
    """One attempt, for the log. `position` and `school_id` are those of an event, None of a test."""

    webhook_id: str
    event_type: str
    position: int | None
    school_id: str | None
    number: int
    delivered: bool
    status_code: int | None
    error: str | None
    took_ms: int
    at: datetime
    next_attempt_at: datetime | None = None


async def subscriptions_of(connection: asyncpg.Connection, now: datetime) -> list[Subscription]:
    """Every subscription that is not removed."""
    return [_subscription(row, now) for row in await connection.fetch(_SUBSCRIPTIONS)]


def _subscription(row: Mapping[str, Any], now: datetime) -> Subscription:
    visible = visible_to(row["kind"], schools=tuple(row["own_schools"]), stage=None)
    if row["kind"] == "centre":
        visible = Visible(schools=tuple(row["schools_of_stage"] or ()))
    secrets = [row["secret"]]
    if row["previous_secret"] is not None and row["previous_until"] > now:
        secrets.append(row["previous_secret"])
    return Subscription(
        subscription_id=row["subscription_id"],
        url=row["url"],
        secrets=tuple(secrets),
        visible=visible,
        severities=tuple(row["severities"]),
        rules=tuple(row["rules"]),
        schools=tuple(row["schools"]),
        shared_out_to=row["shared_out_to"],
        activation=row["activation"],
        active=row["active"],
    )


async def share_out(connection: asyncpg.Connection, subscription: Subscription, now: datetime) -> None:
    """Put what has happened since into the queues of its schools."""
    last: int = await connection.fetchval("select coalesce(max(position), 0) from audit.finding_event")
    reached = subscription.shared_out_to
    while reached < last:
        to = min(last, reached + SHARED_OUT_AT_ONCE)
        await connection.execute(_SHARE_OUT, *subscription.wanted, subscription.subscription_id, reached, to, now)
        reached = to


async def due_queues(
    connection: asyncpg.Connection, subscription: Subscription, busy: Collection[str], number: int, now: datetime
) -> list[Queue]:
    """At most `number` queues whose time has come and that are not `busy` (schools), the longest due first."""
    visible = subscription.visible
    rows = await connection.fetch(
        _DUE, subscription.subscription_id, now, list(busy), visible.district, visible.schools, number
    )
    return [Queue(**row) for row in rows]


async def next_due(connection: asyncpg.Connection, subscription_ids: Sequence[str], now: datetime) -> datetime | None:
    """When the next queue that now waits to try again is due; None when none waits."""
    found: datetime | None = await connection.fetchval(
        """
        select min(next_attempt_at)
        from audit.delivery_queue
        where subscription_id = any($1) and position < pending_to and next_attempt_at > $2
        """,
        list(subscription_ids),
        now,
    )
    return found


async def events_of(
    connection: asyncpg.Connection, subscription: Subscription, queue: Queue, number: int
) -> Sequence[asyncpg.Record]:
    """The queue's next events, at most `number`, in their order."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(
        _EVENTS, *subscription.wanted, queue.school_id, queue.position, number
    )
    return rows


async def advance(
    connection: asyncpg.Connection,
    subscription: Subscription,
    queue: Queue,
    to: int,
    *,
    attempt: Attempt | None,
    now: datetime,
) -> bool:
    """Note that the queue is delivered up to `to`; False when it stands elsewhere by now (a replay): then go no further."""
    async with connection.transaction():
        if attempt is not None:
            await _note(connection, subscription.subscription_id, attempt)
        moved = await connection.execute(
            """
            update audit.delivery_queue
            set position = $4, attempts = 0, failing_since = null, next_attempt_at = $5
            where subscription_id = $1 and school_id = $2 and position = $3
            """,
            subscription.subscription_id,
            queue.school_id,
            queue.position,
            to,
            now,
        )
    return bool(moved == "UPDATE 1")


async def hold(
    connection: asyncpg.Connection, subscription: Subscription, queue: Queue, attempt: Attempt, failing_since: datetime
) -> None:
    """Note that the queue's first event was not taken, and when it is tried again."""
    async with connection.transaction():
        await _note(connection, subscription.subscription_id, attempt)
        await connection.execute(
            """
            update audit.delivery_queue
            set attempts = $4, failing_since = $5, next_attempt_at = coalesce($6, next_attempt_at)
            where subscription_id = $1 and school_id = $2 and position = $3
            """,
            subscription.subscription_id,
            queue.school_id,
            queue.position,
            attempt.number,
            failing_since,
            attempt.next_attempt_at,
        )


async def disable(connection: asyncpg.Connection, subscription: Subscription, reason: str, now: datetime) -> None:
    """Deliver nothing more of this activation. Its queues keep their places, to go on from when it is activated again."""
    async with connection.transaction():
        await connection.execute(
            """
            update audit.subscription_progress
            set disabled_activation = $2, disabled_reason = $3, disabled_at = $4
            where subscription_id = $1
            """,
            subscription.subscription_id,
            subscription.activation,
            reason,
            now,
        )
        await connection.execute(
            """
            update audit.delivery_queue
            set attempts = 0, failing_since = null, next_attempt_at = $2
            where subscription_id = $1
            """,
            subscription.subscription_id,
            now,
        )


async def open_requests(connection: asyncpg.Connection) -> Sequence[asyncpg.Record]:
    """What owners asked for and is not done: tests and replays, the earliest first."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(_REQUESTS)
    return rows


async def rewind(connection: asyncpg.Connection, request: Mapping[str, Any], now: datetime) -> None:
    """Deliver again what came after the request's position; a queue that is not there yet stays where it is."""
    async with connection.transaction():
        await connection.execute(
            """
            insert into audit.subscription_progress (subscription_id, shared_out_to)
            select subscription_id, least(starts_after, $2) from ledger.subscription where subscription_id = $1
            on conflict (subscription_id) do update set
                shared_out_to = least(subscription_progress.shared_out_to, $2)
            """,
            request["subscription_id"],
            request["from_position"],
        )
        await connection.execute(
            """
            update audit.delivery_queue
            set position = least(position, $2), attempts = 0, failing_since = null, next_attempt_at = $3
            where subscription_id = $1
            """,
            request["subscription_id"],
            request["from_position"],
            now,
        )
        await _done(connection, request["request_id"])


async def note_test(connection: asyncpg.Connection, request: Mapping[str, Any], attempt: Attempt) -> None:
    """Note what became of a test."""
    async with connection.transaction():
        await _note(connection, request["subscription_id"], attempt)
        await _done(connection, request["request_id"])


async def _done(connection: asyncpg.Connection, request_id: int) -> None:
    await connection.execute(
        "insert into audit.subscription_request_done (request_id) values ($1) on conflict do nothing", request_id
    )


async def _note(connection: asyncpg.Connection, subscription_id: str, attempt: Attempt) -> None:
    await connection.execute(
        _NOTE,
        subscription_id,
        attempt.webhook_id,
        attempt.event_type,
        attempt.position,
        attempt.school_id,
        attempt.number,
        attempt.delivered,
        attempt.status_code,
        attempt.error,
        attempt.took_ms,
        attempt.at,
        attempt.next_attempt_at,
    )


async def forget_old(connection: asyncpg.Connection, before: datetime) -> None:
    """Drop attempts that nobody will ask about any more."""
    await connection.execute("delete from audit.delivery where attempted_at < $1", before)
