"""Subscriptions: who is told of changes of findings by webhook, where and of what. The audit worker does the telling.

A subscription is its client's alone, and tells of nothing that its client may not see.
"""

import secrets
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response
from msgspec import UNSET

from services.ledger_api.dependencies import Ledger, precondition_of
from services.ledger_api.subscribers import (
    SHOWN,
    Change,
    Deliveries,
    Filter,
    NewSubscription,
    Page,
    Requested,
    Subscription,
    WithSecret,
    ask_for,
    filter_of,
    found,
    object_schema,
    one_object,
    own,
    position_from,
    requested,
    require_seen,
    require_version,
    shown,
    shown_delivery,
    with_secret,
)
from shared.asgi import requires
from shared.pagination import Limit, decode_cursor, encode_cursor
from shared.problems import Fault, Invalid, Refused
from shared.receiver_address import NotAllowed, receiver_of
from shared.sealing import Seal
from shared.tokens import Caller

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])

Subscriber = Annotated[Caller, Depends(requires("subscriptions.write"))]
SubscriptionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
Key = Annotated[
    str | None, Header(pattern=r"^[\x21-\x7e]{1,128}$", description="the same key again is the same request")
]
Overlap = Annotated[int, Query(ge=0, le=24 * 30, description="for so long the secret before is good, too")]

SUBSCRIPTIONS_A_CLIENT = 20
SECRET_BYTES = 32

_ADD = """
    insert into ledger.subscription (
        subscription_id, client_id, client_kind, client_schools, client_stage, url, description, severities, rules, schools,
        secret, state, starts_after, idempotency_key
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'active', audit.last_position(), $12)
    on conflict (client_id, idempotency_key) do nothing
"""
_COUNT = "select count(*) from ledger.subscription where removed_at is null"
_CHANGE = """
    update ledger.subscription
    set
        url = $2, description = $3, severities = $4, rules = $5, schools = $6, state = $7, activation = activation + $8,
        version = version + 1, changed_at = now()
    where subscription_id = $1
"""
_ROTATE = """
    update ledger.subscription
    set
        previous_secret = case when $3 > 0 then secret end,
        previous_until = case when $3 > 0 then now() + make_interval(hours => $3) end,
        secret = $2, rotation_key = $4, version = version + 1, changed_at = now()
    where subscription_id = $1
"""
_REMOVE = """
    update ledger.subscription
    set state = 'disabled', removed_at = now(), secret = '', previous_secret = null, previous_until = null, changed_at = now()
    where subscription_id = $1
"""
_DELIVERIES = """
    select *
    from audit.delivery
    where subscription_id = $1 and delivery_id < $2 and ($3::boolean is null or delivered = $3)
    order by delivery_id desc
    limit $4
"""
_LAST = 2**63 - 1


@router.post("", status_code=201, openapi_extra=object_schema(NewSubscription))
async def post_subscription(
    request: Request, caller: Subscriber, ledger: Ledger, idempotency_key: Key = None
) -> WithSecret:
    """Subscribe. The answer has the secret that signs what is sent: it is shown here and never again."""
    new = await one_object(request, NewSubscription)
    _require_url(request, new.url)
    seal: Seal = request.app.state.seal
    subscription_id, secret = f"sub-{secrets.token_hex(8)}", secrets.token_bytes(SECRET_BYTES)
    async with own(ledger, caller) as connection:
        await require_seen(connection, caller, new.filter)
        earlier = await connection.fetchrow(f"{SHOWN} and idempotency_key = $1", idempotency_key)
        if earlier is not None:
            return _as_before(earlier, new, seal)
        if await connection.fetchval(_COUNT) >= SUBSCRIPTIONS_A_CLIENT:
            raise Refused("too_many_subscriptions", limit=SUBSCRIPTIONS_A_CLIENT)
        added = await connection.execute(
            _ADD,
            subscription_id,
            caller.client_id,
            caller.kind,
            list(caller.visible.schools),
            caller.visible.stage,
            new.url,
            new.description,
            list(new.filter.severity),
            list(new.filter.rules),
            list(new.filter.schools),
            seal.close(secret, bound_to=subscription_id),
            idempotency_key,
        )
        if added == "INSERT 0 0":
            # The same request twice at once: the other one was first.
            raise Refused("busy", headers={"Retry-After": "1"})
        return with_secret(await found(connection, subscription_id), secret)


@router.get("")
async def list_subscriptions(caller: Subscriber, ledger: Ledger, cursor: str | None = None, limit: Limit = 100) -> Page:
    """The client's own subscriptions."""
    (after,) = decode_cursor(cursor, str) if cursor else ("",)
    async with own(ledger, caller) as connection:
        rows = await connection.fetch(
            f"{SHOWN} and subscription_id > $1 order by subscription_id limit $2", after, limit + 1
        )
    more = encode_cursor((rows[limit - 1]["subscription_id"],)) if len(rows) > limit else None
    return Page(items=[shown(row) for row in rows[:limit]], next_cursor=more)


@router.get("/{subscription_id}")
async def get_subscription(
    subscription_id: SubscriptionId, caller: Subscriber, ledger: Ledger, response: Response
) -> Subscription:
    """One subscription: whether it is active, and if not, why; how far it is behind."""
    async with own(ledger, caller) as connection:
        subscription = shown(await found(connection, subscription_id))
    response.headers["ETag"] = f'"{subscription.version}"'
    return subscription


@router.patch("/{subscription_id}", openapi_extra=object_schema(Change))
async def patch_subscription(
    request: Request, subscription_id: SubscriptionId, caller: Subscriber, ledger: Ledger, response: Response
) -> Subscription:
    """Change the URL, the filter, the description or the state; what is undelivered goes on from where it was."""
    change = await one_object(request, Change)
    if change.url is not UNSET:
        _require_url(request, change.url)
    async with own(ledger, caller) as connection:
        row = await found(connection, subscription_id, lock=True)
        require_version(precondition_of(request), row)
        wanted = filter_of(row) if change.filter is UNSET else change.filter
        await require_seen(connection, caller, wanted if change.filter is not UNSET else Filter())
        await connection.execute(
            _CHANGE,
            subscription_id,
            row["url"] if change.url is UNSET else change.url,
            row["description"] if change.description is UNSET else change.description,
            list(wanted.severity),
            list(wanted.rules),
            list(wanted.schools),
            row["state"] if change.state is UNSET else change.state,
            1 if change.state == "active" else 0,
        )
        subscription = shown(await found(connection, subscription_id))
    ledger.ring("deliver")
    response.headers["ETag"] = f'"{subscription.version}"'
    return subscription


@router.delete("/{subscription_id}", status_code=204)
async def delete_subscription(
    request: Request, subscription_id: SubscriptionId, caller: Subscriber, ledger: Ledger
) -> Response:
    """End it; what is undelivered is not delivered any more."""
    async with own(ledger, caller) as connection:
        require_version(precondition_of(request), await found(connection, subscription_id, lock=True))
        await connection.execute(_REMOVE, subscription_id)
    return Response(status_code=204)


@router.post("/{subscription_id}/rotate-secret")
async def rotate_secret(
    request: Request,
    subscription_id: SubscriptionId,
    caller: Subscriber,
    ledger: Ledger,
    overlap_hours: Overlap = 24,
    idempotency_key: Key = None,
) -> WithSecret:
    """A new secret, shown now and never again. While both are good, each webhook carries a signature by each."""
    seal: Seal = request.app.state.seal
    secret = secrets.token_bytes(SECRET_BYTES)
    async with own(ledger, caller) as connection:
        row = await found(connection, subscription_id, lock=True)
        if idempotency_key is not None and row["rotation_key"] == idempotency_key:
            return with_secret(row, seal.open(row["secret"], bound_to=subscription_id))
        sealed = seal.close(secret, bound_to=subscription_id)
        await connection.execute(_ROTATE, subscription_id, sealed, overlap_hours, idempotency_key)
        return with_secret(await found(connection, subscription_id), secret)


@router.post("/{subscription_id}/test", status_code=202)
async def post_test(
    subscription_id: SubscriptionId, caller: Subscriber, ledger: Ledger, idempotency_key: Key = None
) -> Requested:
    """Have a test sent, once, also when it is disabled. `deliveries` says whether it was taken."""
    async with own(ledger, caller) as connection:
        await found(connection, subscription_id)
        row = await ask_for(connection, subscription_id, "test", None, idempotency_key)
    ledger.ring("deliver")
    return requested(row)


@router.post("/{subscription_id}/replay", status_code=202)
async def post_replay(
    subscription_id: SubscriptionId,
    caller: Subscriber,
    ledger: Ledger,
    start: Annotated[
        str, Query(alias="from", description="the cursor of the last event you have (0: none), or an instant")
    ],
    idempotency_key: Key = None,
) -> Requested:
    """Deliver again every event after a cursor of the feed, or since an instant; each keeps its `webhook-id`."""
    async with own(ledger, caller) as connection:
        if shown(await found(connection, subscription_id)).state != "active":
            raise Refused("subscription_disabled")
        position = await position_from(connection, start)
        row = await ask_for(connection, subscription_id, "replay", position, idempotency_key)
    ledger.ring("deliver")
    return requested(row)


@router.get("/{subscription_id}/deliveries")
async def list_deliveries(
    subscription_id: SubscriptionId,
    caller: Subscriber,
    ledger: Ledger,
    delivered: Annotated[bool | None, Query(description="only those that were taken, or that were not")] = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Deliveries:
    """Every attempt, the newest first: what the receiver answered, how long it took, when it is tried again."""
    (before,) = decode_cursor(cursor, int) if cursor else (_LAST,)
    async with own(ledger, caller) as connection:
        await found(connection, subscription_id)
        rows = await connection.fetch(_DELIVERIES, subscription_id, min(before, _LAST), delivered, limit + 1)
    more = encode_cursor((rows[limit - 1]["delivery_id"],)) if len(rows) > limit else None
    return Deliveries(items=[shown_delivery(row) for row in rows[:limit]], next_cursor=more)


def _require_url(request: Request, url: str) -> None:
    """Raises Invalid when webhooks may not go there, as far as the URL says; its name is looked up when they go."""
    try:
        receiver_of(url, request.app.state.webhook_networks)
    except NotAllowed as refused:
        raise Invalid([Fault("/url", "receiver_not_allowed", {"reason": str(refused)})]) from refused


def _as_before(row: asyncpg.Record, new: NewSubscription, seal: Seal) -> WithSecret:
    """The same answer as the first time; raises Refused (409) when the key was used for something else."""
    if (row["url"], row["description"], filter_of(row)) != (new.url, new.description, new.filter):
        raise Refused("idempotency_key_reused")
    return with_secret(row, seal.open(row["secret"], bound_to=row["subscription_id"]))
