"""The courier: delivers each change of a finding to whom it may concern, at least once, in order per school.

One courier at a time serves a database, under an advisory lock of its session: a worker that dies gives it up at once, and
another takes over from the queues' places in PostgreSQL. What was sent and not noted is sent again, under the same id.
Each school of a subscription has a queue of its own: one that is not taken waits, and the others go on.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog

from services.audit_worker import queues
from services.audit_worker.delivery import Answer, Postman
from services.audit_worker.messages import Message, event_message, trial_message
from services.audit_worker.queues import Attempt, Queue, Subscription
from services.audit_worker.retries import wait_before_next
from shared import metrics
from shared.asgi import STORE_ERRORS
from shared.database import ACQUIRE_SECONDS, role_settings
from shared.sealing import Seal, SealBroken
from shared.tracing import sending

log = structlog.get_logger()

# The key of the advisory lock under which one courier at a time is at work.
COURIER_LOCK = 0x7A1_C0DE
# So many queues of one subscription at once; a receiver that hangs holds up so many, and no other subscription.
QUEUES_AT_ONCE = 8
# Events of a queue that are read at once; after them the queue stands behind the others.
EVENTS_AT_ONCE = 20
# It looks for itself so often, whoever wakes it.
LOOK_SECONDS = 5.0
SHORTEST_SECONDS = 0.05
RESTART_SECONDS = 2.0
GONE, FAILED = "gone", "failed_for_three_days"
TEST_TYPE, EVENT_TYPE = "taizhang.subscription.test", "taizhang.finding.{}"


class TurnLost(Exception):
    """The session that held the courier's lock has ended: another courier may be at work."""


class Courier:
    """Delivers webhooks until it is cancelled."""

    def __init__(self, database_url: str, pool: asyncpg.Pool, seal: Seal, postman: Postman) -> None:
        """`pool`: the audit's; `seal`: opens the subscriptions' secrets."""
        self._database_url = database_url
        self._pool = pool
        self._seal = seal
        self._postman = postman
        self._woken = asyncio.Event()
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    def wake(self) -> None:
        """There is something new; never waits."""
        self._woken.set()

    async def run(self) -> None:
        """Wait for the turn, then deliver; over again when PostgreSQL was away."""
        while True:
            try:
                async with self._turn() as turn:
                    log.info("courier_started")
                    await self._deliver(turn)
            except (*STORE_ERRORS, TurnLost) as error:
                log.warning("courier_interrupted", error=repr(error))
            await asyncio.sleep(RESTART_SECONDS)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[asyncpg.Connection]:
        """A session that holds the courier's lock; waits for it as long as another courier lives."""
        connection = await asyncpg.connect(self._database_url, server_settings=role_settings("taizhang_audit"))
        try:
            await connection.execute("select pg_advisory_lock($1)", COURIER_LOCK)
            yield connection
        finally:
            connection.terminate()

    async def _deliver(self, turn: asyncpg.Connection) -> None:
        try:
            while not turn.is_closed():
                self._woken.clear()
                seconds = await self._round()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), seconds)
            raise TurnLost
        finally:
            at_work = list(self._running.values())
            for task in at_work:
                task.cancel()
            await asyncio.gather(*at_work, return_exceptions=True)
            self._running.clear()

    async def _round(self) -> float:
        """Share out what is new, and set out with what is due; returns after how many seconds to look again."""
        self._reap()
        now = datetime.now(UTC)
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            found = await queues.subscriptions_of(connection, now)
            if await self._heed_requests(connection, {each.subscription_id: each for each in found}, now):
                # A replay moves the places that were just read.
                found = await queues.subscriptions_of(connection, now)
            active = [each for each in found if each.active]
            self._call_back({each.subscription_id for each in active})
            for subscription in active:
                await queues.share_out(connection, subscription, now)
                busy = [school for owner, school in self._running if owner == subscription.subscription_id]
                free = QUEUES_AT_ONCE - len(busy)
                for queue in await queues.due_queues(connection, subscription, busy, free, now) if free > 0 else ():
                    self._set_out(subscription.subscription_id, queue.school_id, self._serve(subscription, queue))
            due = await queues.next_due(connection, [each.subscription_id for each in active], now)
        if due is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(SHORTEST_SECONDS, (due - datetime.now(UTC)).total_seconds()))

    def _set_out(self, subscription_id: str, errand: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running[subscription_id, errand] = task
        task.add_done_callback(lambda _done: self.wake())

    def _reap(self) -> None:
        """Let go of errands that have ended; what one raised is raised here."""
        for errand, task in list(self._running.items()):
            if task.done():
                del self._running[errand]
                if not task.cancelled():
                    task.result()

    def _call_back(self, active: set[str]) -> None:
        """End the errands of subscriptions that are no longer active; a test is answered all the same."""
        for (subscription_id, errand), task in self._running.items():
            if subscription_id not in active and not errand.startswith("test "):
                task.cancel()

    async def _heed_requests(
        self, connection: asyncpg.Connection, found: dict[str, Subscription], now: datetime
    ) -> bool:
        """Set out with the tests that owners asked for, and rewind; returns whether anything was rewound."""
        rewound = False
        for request in await queues.open_requests(connection):
            subscription = found.get(request["subscription_id"])
            if subscription is None:
                continue
            errand = f"test {request['request_id']}"
            if request["kind"] == "replay":
                await queues.rewind(connection, request, now)
                rewound = True
            elif (subscription.subscription_id, errand) not in self._running:
                self._set_out(subscription.subscription_id, errand, self._test(subscription, request))
        return rewound

    async def _serve(self, subscription: Subscription, queue: Queue) -> None:
        """Deliver a queue's next events, one after the other, up to the first that is not taken."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            events = await queues.events_of(connection, subscription, queue, EVENTS_AT_ONCE)
        for event in events:
            attempt, answer = await self._attempt(subscription, event_message(event), queue.attempts + 1)
            attempt = replace(
                attempt,
                event_type=EVENT_TYPE.format(event["change"]),
                position=event["position"],
                school_id=queue.school_id,
            )
            if not answer.delivered:
                await self._not_taken(subscription, queue, attempt, answer)
                return
            if not await self._advance(subscription, queue, event["position"], attempt):
                return
            queue = replace(queue, position=event["position"], attempts=0, failing_since=None)
        if len(events) < EVENTS_AT_ONCE and queue.position < queue.pending_to:
            # What it was about is asked for no longer.
            await self._advance(subscription, queue, queue.pending_to, None)

    async def _advance(self, subscription: Subscription, queue: Queue, to: int, attempt: Attempt | None) -> bool:
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return await queues.advance(connection, subscription, queue, to, attempt=attempt, now=datetime.now(UTC))

    async def _attempt(self, subscription: Subscription, message: Message, number: int) -> tuple[Attempt, Answer]:
        """Sign and send it once."""
        at = datetime.now(UTC)
        try:
            secrets = self._opened(subscription)
        except SealBroken:
            answer = Answer(None, "secret_unreadable: it was sealed under another key; rotate it", 0)
        else:
            with sending("webhook_sent", message.traceparents) as (span, about):
                headers = {**about, **message.headers(secrets, at)}
                answer = await self._postman.post(subscription.url, headers, message.body)
                span.set_attribute("taizhang.webhook_id", message.webhook_id)
                span.set_attribute("taizhang.delivered", answer.delivered)
        outcome = "delivered" if answer.delivered else "failed"
        metrics.DELIVERIES.labels(outcome).inc()
        metrics.DELIVERY_SECONDS.observe(answer.took_ms / 1000)
        log.info(
            "webhook_sent",
            outcome=outcome,
            webhook_id=message.webhook_id,
            subscription_id=subscription.subscription_id,
            request_ids=list(message.request_ids),
            status=answer.status,
        )
        attempt = Attempt(
            webhook_id=message.webhook_id,
            event_type=TEST_TYPE,
            position=None,
            school_id=None,
            number=number,
            delivered=answer.delivered,
            status_code=answer.status,
            error=answer.error,
            took_ms=answer.took_ms,
            at=at,
        )
        return attempt, answer

    def _opened(self, subscription: Subscription) -> Sequence[bytes]:
        return [self._seal.open(each, bound_to=subscription.subscription_id) for each in subscription.secrets]

    async def _not_taken(self, subscription: Subscription, queue: Queue, attempt: Attempt, answer: Answer) -> None:
        """Hold the queue until its next attempt; give the subscription up when the receiver is gone or three days are over."""
        now = datetime.now(UTC)
        failing_since = queue.failing_since or attempt.at
        wait = wait_before_next(
            attempt.number,
            now - failing_since,
            random.random(),  # noqa: S311 it only spreads the attempts
            asked=answer.retry_after,
        )
        given_up = GONE if answer.gone else FAILED if wait is None else None
        next_attempt_at = None if given_up or wait is None else now + wait
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await queues.hold(
                connection, subscription, queue, replace(attempt, next_attempt_at=next_attempt_at), failing_since
            )
            if given_up:
                await queues.disable(connection, subscription, given_up, now)
        event = {"subscription_id": subscription.subscription_id, "school_id": queue.school_id, "error": answer.error}
        if given_up:
            log.error("subscription_disabled", reason=given_up, **event)
        else:
            log.warning("webhook_not_taken", attempt=attempt.number, **event)

    async def _test(self, subscription: Subscription, request: asyncpg.Record) -> None:
        """Send a test once and note what became of it."""
        message = trial_message(request["request_id"], subscription.subscription_id, request["requested_at"])
        attempt, _answer = await self._attempt(subscription, message, 1)
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await queues.note_test(connection, request, attempt)
