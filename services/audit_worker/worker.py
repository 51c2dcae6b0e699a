"""The audit worker's process: arq for the bell, a sweep of its own for when the bell is silent.

PostgreSQL is the truth and Redis only the bell: with Redis gone the sweep goes on auditing, and arq is started again
until Redis is back.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import structlog
from arq.connections import RedisSettings
from arq.worker import func
from redis.exceptions import RedisError

from services.audit_worker import jobs, queues
from services.audit_worker.catalogue import read_catalogue
from services.audit_worker.courier import Courier
from services.audit_worker.delivery import Postman
from services.audit_worker.gauges import measure_store
from services.audit_worker.health import answer_health_of
from services.audit_worker.listener import Listener
from shared.asgi import STORE_ERRORS
from shared.database import open_pool
from shared.logs import configure_logs
from shared.sealing import Seal
from shared.settings import Settings, SettingsInvalid
from shared.tracing import configure_tracing

log = structlog.get_logger()

SWEEP_SECONDS = 5.0
RESTART_SECONDS = 2.0
MEASURE_SECONDS = 5.0
# A full term of a district takes minutes; a job that takes longer than this hangs.
JOB_SECONDS = 3600
# A school year's partition is made so long before it begins.
AHEAD = timedelta(days=62)
REJECTIONS_KEPT = timedelta(days=90)
DELIVERIES_KEPT = timedelta(days=30)
# An audit holds one or two, an errand of the courier one for as long as it takes to note what became of it.
CONNECTIONS = 8


def run_worker(settings: Settings) -> None:
    """Audit until SIGINT or SIGTERM. Raises SettingsInvalid, RuleInvalid, or what PostgreSQL raises at the start."""
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    configure_logs(settings.log_format, service="audit_worker")
    configure_tracing(settings.traces_url, service="audit_worker")
    database_url, redis_url = settings.stores()
    rules = read_catalogue(settings.rules_config)
    pool = await open_pool(database_url, role="taizhang_audit", size=CONNECTIONS)
    context = {
        "pool": pool,
        "rules": rules,
        "escalate_after": timedelta(days=settings.escalate_after_days),
        "came_in": asyncio.Event(),
        "to_roll_up": asyncio.Event(),
    }
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    log.info("audit_worker_started", rules=len(rules))
    tasks = [
        asyncio.create_task(_listen(redis_url, context)),
        asyncio.create_task(_every(0.0, lambda: jobs.audit_when_quiet(context))),
        asyncio.create_task(_every(0.0, lambda: jobs.roll_up_soon(context))),
        asyncio.create_task(_every(SWEEP_SECONDS, lambda: jobs.sweep(context))),
        asyncio.create_task(_every(24 * 3600.0, lambda: _tend_the_store(pool))),
        asyncio.create_task(_carry(settings, database_url, context)),
    ]
    if settings.worker_port is not None:
        tasks.append(asyncio.create_task(answer_health_of(pool, settings.bind, settings.worker_port)))
        tasks.append(asyncio.create_task(_every(MEASURE_SECONDS, lambda: measure_store(pool))))
    waiting = asyncio.create_task(ended.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    # None of them ends by itself; should one, the process ends in an error, for whoever keeps it running to see.
    unasked = [task for task in tasks if task in done]
    for task in (waiting, *tasks):
        task.cancel()
    await asyncio.gather(waiting, *tasks, return_exceptions=True)
    await pool.close()
    log.info("audit_worker_stopped", asked=not unasked)
    for task in tasks:
        if task in unasked or not task.cancelled():
            task.result()


async def _carry(settings: Settings, database_url: str, context: dict[str, Any]) -> None:
    """Deliver webhooks; without a key that opens their secrets, say so and audit all the same."""
    try:
        seal = Seal.of(settings.webhook_key, settings.token_signing_key)
    except (OSError, ValueError) as error:
        raise SettingsInvalid("TAIZHANG_TOKEN_SIGNING_KEY cannot be read as a P-256 private key in PEM") from error
    if seal is None:
        log.warning("webhooks_not_sent", missing="TAIZHANG_WEBHOOK_KEY or TAIZHANG_TOKEN_SIGNING_KEY")
        await asyncio.Event().wait()
        return
    async with Postman(settings.networks()) as postman:
        courier = Courier(database_url, context["pool"], seal, postman)
        context["wake_courier"] = courier.wake
        await courier.run()


async def _listen(redis_url: str, context: dict[str, Any]) -> None:
    """Run arq; when Redis goes away, start it again until it is back."""
    while True:
        worker = Listener(
            func(jobs.audit_days, name="audit", keep_result=0, max_tries=1),  # type: ignore[arg-type]
            func(jobs.deliver, name="deliver", keep_result=0, max_tries=1),  # type: ignore[arg-type]
            redis_settings=_redis_settings(redis_url),
            ctx=context,
            max_jobs=1,
            job_timeout=JOB_SECONDS,
            job_serializer=msgspec.json.encode,
            job_deserializer=msgspec.json.decode,
        )
        try:
            await worker.async_run()
        except (RedisError, OSError) as error:
            log.warning("bell_silent", error=repr(error))
        finally:
            with suppress(RedisError, OSError):
                await worker.close()
        await asyncio.sleep(RESTART_SECONDS)


def _redis_settings(redis_url: str) -> RedisSettings:
    found = RedisSettings.from_dsn(redis_url)
    found.conn_retries = 0
    return found


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do it now and again every so many seconds; a store that is away for a while is waited for."""
    while True:
        try:
            await work()
        except STORE_ERRORS as error:
            log.warning("store_away", error=repr(error))
        await asyncio.sleep(seconds)


async def _tend_the_store(pool: asyncpg.Pool) -> None:
    """Make the partition of the school year to come; drop rejections and deliveries that nobody will ask for any more."""
    now = datetime.now(UTC)
    await pool.fetchval("select ledger.ensure_partitions($1, $2)", now.date(), now.date() + AHEAD)
    await pool.fetchval("select ledger.drop_rejections($1)", now - REJECTIONS_KEPT)
    await queues.forget_old(pool, now - DELIVERIES_KEPT)
