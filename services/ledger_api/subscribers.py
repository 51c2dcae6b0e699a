"""What the ledger API keeps of subscriptions, and how it shows them: rows that are their client's alone."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar

import asyncpg
import msgspec
from fastapi import Request
from msgspec import UNSET, Meta, UnsetType
from pydantic import BaseModel

from services.ledger_api.ingest.append import Ledger
from services.ledger_api.ingest.body import received_body
from services.ledger_api.ingest.decode import decode
from services.ledger_api.ingest.payload import Identifier, Record, Text
from services.ledger_api.ingest.precondition import Precondition
from shared.database import ACQUIRE_SECONDS, show
from shared.problems import Fault, Invalid, Refused
from shared.receiver_address import URL_LENGTH
from shared.tokens import Caller
from shared.vocabulary import Severity

Payload = TypeVar("Payload", bound=Record)

SECRET_PREFIX = "whsec_"  # noqa: S105 what every secret begins with (Standard Webhooks)

_NOWHERE = "neither a cursor nor an instant with its offset"
Url = Annotated[str, Meta(max_length=URL_LENGTH, description="https, where webhooks are posted to")]


class Filter(Record, frozen=True):
    """Which findings: of these severities, rules and schools; none named: of every one that the client may see."""

    severity: Annotated[tuple[Severity, ...], Meta(max_length=5)] = ()
    rules: Annotated[tuple[Annotated[str, Meta(pattern=r"^[A-G][0-9]{2}$(?!\n)")], ...], Meta(max_length=200)] = ()
    schools: Annotated[tuple[Identifier, ...], Meta(max_length=1000)] = ()


class NewSubscription(Record, frozen=True):
    """A webhook endpoint. It is told of what changes from now on; `replay` tells of what was before."""

    url: Url
    filter: Filter = Filter()
    description: Text | None = None


class Change(Record, frozen=True):
    """What is to be another; what is left out stays. `state: active` also ends a disabling by the worker."""

    url: Url | UnsetType = UNSET
    filter: Filter | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    state: Annotated[str, Meta(pattern=r"^(active|disabled)$(?!\n)")] | UnsetType = UNSET


class ShownFilter(BaseModel):
    """The filter as it is kept."""

    severity: list[str]
    rules: list[str]
    schools: list[str]


class Subscription(BaseModel):
    """A subscription as its owner sees it; never its secret.

    `disabled_reason`: `owner`, `gone` (the receiver answered 410) or `failed_for_three_days`. `failing_since`: since when
    the oldest failing queue of a school fails; `schools_waiting`: how many schools have something undelivered.
    """

    subscription_id: str
    url: str
    filter: ShownFilter
    description: str | None
    state: str
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    schools_waiting: int
    previous_secret_until: datetime | None
    starts_after: str
    created_at: datetime
    changed_at: datetime
    version: int


class WithSecret(Subscription):
    """A new subscription, or one with a new secret: shown now and never again."""

    secret: str


class Page(BaseModel):
    """Subscriptions of the client."""

    items: list[Subscription]
    next_cursor: str | None


class Requested(BaseModel):
    """What the worker will do: send a test, or deliver again from a position; `deliveries` shows what became of it."""

    request_id: str
    subscription_id: str
    kind: str
    from_position: str | None
    requested_at: datetime
    webhook_id: str | None


class Delivery(BaseModel):
    """One attempt. `cursor`: the event's place in the feed; null of a test. `error`: why it was not taken."""

    delivery_id: str
    webhook_id: str
    event_type: str
    cursor: str | None
    school_id: str | None
    attempt: int
    delivered: bool
    status_code: int | None
    error: str | None
    took_ms: int
    attempted_at: datetime
    next_attempt_at: datetime | None


class Deliveries(BaseModel):
    """Attempts, the newest first; they are kept for 30 days."""

    items: list[Delivery]
    next_cursor: str | None


SHOWN = """
    select
        subscription.*, progress.disabled_reason, progress.disabled_at,
        coalesce(progress.disabled_activation, 0) >= activation as disabled_by_worker,
        queue.failing_since, queue.schools_waiting
    from ledger.subscription
    left join audit.subscription_progress as progress using (subscription_id)
    cross join lateral (
        select min(failing_since) as failing_since, count(*) filter (where position < pending_to) as schools_waiting
        from audit.delivery_queue
        where delivery_queue.subscription_id = subscription.subscription_id
    ) as queue
    where removed_at is null
"""
_REQUEST = """
    insert into ledger.subscription_request (subscription_id, kind, from_position, idempotency_key)
    values ($1, $2, $3, $4)
    on conflict (subscription_id, kind, idempotency_key) do nothing
    returning *
"""
_NOT_SEEN = """
    select place - 1
    from unnest($1::text[]) with ordinality as named (school_id, place)
    where
        not named.school_id = any(string_to_array(current_setting('taizhang.schools'), ','))
        and not (
            current_setting('taizhang.district') = 'on'
            and (
                named.school_id in ('district', 'centre-primary', 'centre-junior')
                or exists (select from ledger.chain_head where chain_head.school_id = named.school_id)
            )
        )
    order by place
"""


def object_schema(payload: type[msgspec.Struct]) -> dict[str, Any]:
    """The request body of an endpoint that takes one JSON object, for its OpenAPI operation."""
    (schema,), components = msgspec.json.schema_components((payload,), ref_template="#/components/schemas/{name}")
    body = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": body}, "x-components": components}


async def one_object(request: Request, payload: type[Payload]) -> Payload:
    """The one object of the body; raises Invalid or Refused."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    async with received_body(request.stream(), encoding, request.app.state.long_bodies) as body:
        decoded = decode(body, request.headers.get("content-type", ""), lambda _raw: payload)
    if len(decoded.records) != 1:
        raise Refused("invalid_parameter", name="body", reason="one object a request")
    return decoded.records[0]


@asynccontextmanager
async def own(ledger: Ledger, caller: Caller) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that sees the caller's own subscriptions, and of the district what the caller may see."""
    async with ledger.pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await show(connection, caller.visible)
        await connection.execute("select set_config('taizhang.client', $1, true)", caller.client_id)
        yield connection


async def require_seen(connection: asyncpg.Connection, caller: Caller, wanted: Filter) -> None:
    """Raises Invalid (404) when the filter names a school that the caller may not see, or that is none."""
    places = [row[0] for row in await connection.fetch(_NOT_SEEN, list(wanted.schools))]
    if places:
        faults = [
            Fault(f"/filter/schools/{place}", "unknown_school", {"school_id": wanted.schools[place]})
            for place in places
        ]
        raise Invalid(faults, status=None if caller.visible.district else 404)


def require_version(precondition: Precondition | None, row: asyncpg.Record) -> None:
    if precondition is not None and not precondition.holds(row["version"]):
        raise Refused("precondition_failed", current=f'"{row["version"]}"')


async def found(connection: asyncpg.Connection, subscription_id: str, *, lock: bool = False) -> asyncpg.Record:
    """The caller's own; raises Refused (404) when there is none. `lock`: until the transaction ends."""
    query = f"{SHOWN} and subscription_id = $1" + (" for update of subscription" if lock else "")
    row = await connection.fetchrow(query, subscription_id)
    if row is None:
        raise Refused("not_found")
    return row


async def ask_for(
    connection: asyncpg.Connection, subscription_id: str, kind: str, position: int | None, idempotency_key: str | None
) -> asyncpg.Record:
    row = await connection.fetchrow(_REQUEST, subscription_id, kind, position, idempotency_key)
    return row or await connection.fetchrow(
        "select * from ledger.subscription_request where subscription_id = $1 and kind = $2 and idempotency_key = $3",
        subscription_id,
        kind,
        idempotency_key,
    )


def filter_of(row: asyncpg.Record) -> Filter:
    return Filter(severity=tuple(row["severities"]), rules=tuple(row["rules"]), schools=tuple(row["schools"]))


def shown(row: asyncpg.Record) -> Subscription:
    by_owner = row["state"] == "disabled"
    disabled = by_owner or row["disabled_by_worker"]
    return Subscription(
        subscription_id=row["subscription_id"],
        url=row["url"],
        filter=ShownFilter(**msgspec.to_builtins(filter_of(row))),
        description=row["description"],
        state="disabled" if disabled else "active",
        disabled_reason=None if not disabled else "owner" if by_owner else row["disabled_reason"],
        disabled_at=None if not disabled else row["changed_at"] if by_owner else row["disabled_at"],
        failing_since=row["failing_since"],
        schools_waiting=row["schools_waiting"],
        previous_secret_until=row["previous_until"],
        starts_after=str(row["starts_after"]),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        version=row["version"],
    )


def with_secret(row: asyncpg.Record, secret: bytes) -> WithSecret:
    return WithSecret(**shown(row).model_dump(), secret=SECRET_PREFIX + b64encode(secret).decode())


def requested(row: asyncpg.Record) -> Requested:
    is_test = row["kind"] == "test"
    return Requested(
        request_id=str(row["request_id"]),
        subscription_id=row["subscription_id"],
        kind=row["kind"],
        from_position=None if is_test else str(row["from_position"]),
        requested_at=row["requested_at"],
        webhook_id=f"subscription-test-{row['request_id']}" if is_test else None,
    )


def shown_delivery(row: Any) -> Delivery:
    return Delivery(
        **{
            **{name: row[name] for name in Delivery.model_fields if name not in {"delivery_id", "cursor"}},
            "delivery_id": str(row["delivery_id"]),
            "cursor": None if row["position"] is None else str(row["position"]),
        }
    )


async def position_from(connection: asyncpg.Connection, start: str) -> int:
    """The position behind a cursor of the feed, or the last one before an instant."""
    if start.isascii() and start.isdigit() and len(start) <= 18:
        return int(start)
    try:
        at = datetime.fromisoformat(start)
    except ValueError as error:
        raise Refused("invalid_parameter", name="from", reason=_NOWHERE) from error
    if at.tzinfo is None or not 1970 < at.year < 9999:
        raise Refused("invalid_parameter", name="from", reason=_NOWHERE)
    position: int = await connection.fetchval("select audit.position_at($1)", at)
    return position
