"""The ledger API: the only writer of facts. Opens its pool, its bell and its key at the door and hands them on."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from joserfc.jwk import ECKey

from services.ledger_api import discovery, oauth, open_id, sign_in
from services.ledger_api.attachment_store import AttachmentStore
from services.ledger_api.bell import Bell
from services.ledger_api.documents import (
    agreements,
    allocation_plans,
    attachments,
    deliberations,
    evaluations,
    fund_lines,
    groups,
    measures,
    patrols,
    payments,
    plans,
    provider_invoices,
    provisions,
    publications,
    submissions,
    surveys,
    trainings,
)
from services.ledger_api.identity_claims import ClaimNames
from services.ledger_api.identity_provider import IdentityProvider
from services.ledger_api.ingest.append import Ledger
from services.ledger_api.ingest.body import LongBodies
from services.ledger_api.oversight import (
    appraisals,
    awards,
    campaigns,
    clawbacks,
    complaints,
    disbursements,
    dispositions,
    disqualifications,
    erasures,
    feed_tokens,
    indicator_sets,
    inspection_draws,
    inspections,
    rectifications,
    referrals,
    review_schemes,
    reviews,
    subscriptions,
)
from services.ledger_api.procedures import PLAN, SUBMISSION
from services.ledger_api.records import attendance, batches, chains, days, duties, gate_logs, sessions, sign_ins
from services.ledger_api.registers import (
    activities,
    closures,
    code_lists,
    consents,
    leaves,
    providers,
    rooms,
    schools,
    slots,
    staff,
    students,
    terms,
)
from shared.allowance import Allowance
from shared.asgi import KeyRing, RequestContext, answer_at, answer_health, answer_problems
from shared.database import open_pool
from shared.logs import configure_logs
from shared.openapi import describe
from shared.sealing import Seal
from shared.settings import Settings, SettingsInvalid
from shared.tables import open_tables
from shared.tokens import Verifier
from shared.tracing import OF_OUR_OWN, configure_tracing

log = structlog.get_logger()

# What is posted all day is matched first; the rest in the contract's order.
ROUTERS = (
    sessions, attendance,
    discovery, oauth, sign_in, open_id,
    schools, terms, closures, slots, rooms, providers, staff, students, leaves, consents, activities, code_lists,
    days, duties, sign_ins, gate_logs, batches, chains,
    attachments, allocation_plans, deliberations, publications, submissions, payments, surveys, evaluations, patrols,
    provider_invoices, fund_lines, plans, groups, trainings, agreements, provisions, measures,
    inspections, inspection_draws, reviews, review_schemes, rectifications, complaints, clawbacks, awards, disqualifications, indicator_sets,
    appraisals, campaigns, referrals, disbursements, dispositions,
    subscriptions, feed_tokens,
    erasures,
)  # fmt: skip
REVIEWS = (reviews.reviews_of(plans.PLANS, PLAN), reviews.reviews_of(submissions.SUBMISSIONS, SUBMISSION))


def create_app(settings: Settings) -> FastAPI:
    """The application; nothing is opened before it starts."""
    app = FastAPI(
        title="Taizhang ledger API",
        version="1",
        telemetry=OF_OUR_OWN,
        lifespan=lambda started: _lifespan(started, settings),
    )
    app.add_middleware(RequestContext)
    app.state.page_origin = settings.reporting_url
    app.state.ledger_url = settings.ledger_url
    app.state.identity_provider = identity_provider(settings)
    app.state.identity_days = settings.identity_days
    if settings.reporting_url is not None:
        _let_the_page_ask(app, settings.reporting_url)
    answer_problems(app)
    answer_health(app, ready=lambda: _ready(app))
    # Before the documents, whose key would take them in.
    answer_at(app, REVIEWS)
    answer_at(app, (resource.router for resource in ROUTERS))
    describe(app)
    return app


def _let_the_page_ask(app: FastAPI, page_origin: str) -> None:
    """The page is served by reporting: a browser lets it read our answers, with its session's cookie, and no other page."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[page_origin],
        allow_credentials=True,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Content-Type", "Accept-Language", "Idempotency-Key", "If-Match"],
        expose_headers=["ETag", "X-Request-ID", "Retry-After"],
        max_age=3600,
    )


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    configure_logs(settings.log_format, service="ledger_api")
    configure_tracing(settings.traces_url, service="ledger_api")
    database_url, redis_url = settings.stores()
    key = read_signing_key(settings.token_signing_key)
    pool = await open_pool(database_url, role="taizhang_ledger", size=settings.database_pool_size)
    app.state.tables = open_tables(database_url, role="taizhang_ledger")
    bell = Bell(redis_url)
    await bell.start()
    app.state.signing_key = key
    await _publish_key(pool, key)
    app.state.allowance = Allowance(settings.requests_per_second)
    app.state.verifier = Verifier()
    app.state.learn_keys = KeyRing(pool, app.state.verifier).learn
    await app.state.learn_keys()
    app.state.ledger = Ledger(pool, bell)
    app.state.reporter_key = reporter_key(key)
    app.state.attachments = open_attachments(settings.attachments())
    app.state.sign_ins = asyncio.Semaphore(1)
    app.state.long_bodies = LongBodies()
    app.state.seal = Seal.of(settings.webhook_key, settings.token_signing_key)
    app.state.webhook_networks = settings.networks()
    log.info("ledger_api_started")
    try:
        yield
    finally:
        await bell.stop()
        await app.state.tables.dispose()
        await pool.close()
    log.info("ledger_api_stopped")


def identity_provider(settings: Settings) -> IdentityProvider | None:
    """The provider of TAIZHANG_OIDC_…; nothing is asked of it before somebody signs in."""
    if settings.oidc_issuer is None:
        return None
    return IdentityProvider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        scope=settings.oidc_scope,
        names=ClaimNames(
            kind=settings.oidc_kind_claim,
            schools=settings.oidc_schools_claim,
            stage=settings.oidc_stage_claim,
            kinds=settings.kinds(),
        ),
    )


def read_signing_key(setting: str | None) -> ECKey:
    """The private key of TAIZHANG_TOKEN_SIGNING_KEY: a PEM or the path of one, on the curve P-256."""
    if setting is None:
        raise SettingsInvalid(
            "TAIZHANG_TOKEN_SIGNING_KEY is not set: give a P-256 private key as PEM or the path of one"
        )
    try:
        pem = setting if "-----BEGIN" in setting else Path(setting).read_text("ascii")
        key = ECKey.import_key(pem)
        thumbprint = key.thumbprint()
    except (OSError, ValueError) as error:
        raise SettingsInvalid("TAIZHANG_TOKEN_SIGNING_KEY cannot be read as a P-256 private key in PEM") from error
    return ECKey.import_key(pem, {"kid": thumbprint, "use": "sig", "alg": "ES256"})


def reporter_key(key: ECKey) -> bytes:
    """What the digests of people who complain are keyed with: of the signing key, so that no database holds it."""
    return hmac.digest(key.as_pem(private=True), b"taizhang: who complained", "sha256")


def open_attachments(url: str) -> AttachmentStore:
    """The store of TAIZHANG_ATTACHMENTS_URL; raises SettingsInvalid when it cannot be used."""
    try:
        return AttachmentStore(url)
    except (ValueError, OSError) as error:
        raise SettingsInvalid(f"TAIZHANG_ATTACHMENTS_URL cannot be used: {error}") from error


async def _publish_key(pool: asyncpg.Pool, key: ECKey) -> None:
    """Make the public half known to every service."""
    await pool.execute(
        "insert into ledger.signing_key (kid, public_jwk) values ($1, $2::text::jsonb) on conflict do nothing",
        key.kid,
        json.dumps(key.as_dict(private=False)),
    )


async def _ready(app: FastAPI) -> bool:
    ledger: Any = app.state.ledger
    async with ledger.pool.acquire(timeout=1) as connection:
        return bool(await connection.fetchval("select true"))
