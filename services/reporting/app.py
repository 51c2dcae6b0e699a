"""Reporting: reads both schemas, writes nothing. Opens its pool and its ear for findings at the door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from services.reporting import verify
from services.reporting.dashboard import page
from services.reporting.findings import events, feed_atom, feed_json, listing, stream, summary
from services.reporting.findings.fan_out import FanOut
from services.reporting.findings.wakening import Wakening
from services.reporting.ledger import attendance, duties, readings, sessions
from services.reporting.reports import (
    compensation,
    coverage,
    discipline,
    district,
    evaluation,
    funds,
    inspection,
    onsite,
    oversight,
    payments,
    publications,
    reconciliation,
    schools,
    staffing,
    submissions,
    what_if,
    workload,
)
from shared.allowance import Allowance
from shared.asgi import KeyRing, RequestContext, answer_at, answer_health, answer_problems
from shared.database import open_pool
from shared.logs import configure_logs
from shared.openapi import describe
from shared.settings import Settings
from shared.tokens import Verifier
from shared.tracing import OF_OUR_OWN, configure_tracing

log = structlog.get_logger()

# In the contract's order, but what has a fixed path stands before what takes an id.
ROUTERS = (
    page,
    events,
    stream,
    feed_atom,
    feed_json,
    summary,
    listing,
    workload,
    what_if,
    compensation,
    reconciliation,
    inspection,
    coverage,
    discipline,
    schools,
    district,
    evaluation,
    oversight,
    funds,
    staffing,
    sessions,
    attendance,
    duties,
    readings,
    publications,
    submissions,
    payments,
    onsite,
    verify,
)


def create_app(settings: Settings) -> FastAPI:
    """The application; nothing is opened before it starts."""
    app = FastAPI(
        title="Taizhang reporting",
        version="1",
        telemetry=OF_OUR_OWN,
        lifespan=lambda started: _lifespan(started, settings),
    )
    app.add_middleware(RequestContext)
    # The page's files, and reports that are long lists: a third of the bytes. The stream of events is left alone.
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)
    app.state.page_origin = settings.reporting_url
    app.state.ledger_url = settings.ledger_url
    app.state.has_provider = settings.oidc_issuer is not None
    answer_problems(app)
    answer_health(app, ready=lambda: _ready(app))
    answer_at(app, (each.router for each in ROUTERS))
    describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    configure_logs(settings.log_format, service="reporting")
    configure_tracing(settings.traces_url, service="reporting")
    database_url = settings.database()
    pool = await open_pool(database_url, role="taizhang_reporting", size=settings.database_pool_size)
    wakening = Wakening(database_url)
    await wakening.start()
    app.state.pool = pool
    app.state.wakening = wakening
    app.state.fan_out = FanOut(pool)
    app.state.allowance = Allowance(settings.requests_per_second)
    app.state.passers_by = Allowance(verify.ASKED_PER_SECOND)
    app.state.verifier = Verifier()
    app.state.learn_keys = KeyRing(pool, app.state.verifier).learn
    await app.state.learn_keys()
    log.info("reporting_started")
    try:
        yield
    finally:
        await wakening.stop()
        await pool.close()
    log.info("reporting_stopped")


async def _ready(app: FastAPI) -> bool:
    return bool(await app.state.pool.fetchval("select true", timeout=1))
