"""`GET /`: what this is, the terms open now, and where a fresh client begins."""

from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import BaseModel

from services.ledger_api.dependencies import Ledger

router = APIRouter(tags=["discovery"])

# A record may name only what is registered: this is the order in which nothing is missing.
POSTING_ORDER = (
    "schools", "terms", "closures", "providers", "slots", "rooms", "staff", "students", "leaves", "consents", "attachments", "allocation-plans",
    "sign-ins", "sessions", "attendance", "duties", "gate-logs", "days", "deliberations", "publications", "submissions", "payments",
    "surveys", "evaluations", "patrols", "provider-invoices", "plans", "groups", "trainings", "review-schemes", "inspection-draws", "inspections",
    "reviews", "fund-lines", "disbursements", "rectifications", "complaints", "clawbacks", "disqualifications", "awards", "indicator-sets", "appraisals",
    "campaigns", "referrals", "activities", "agreements", "provisions", "measures",
)  # fmt: skip


class Discovery(BaseModel):
    """The first thing a client reads."""

    name: str
    version: str
    open_terms: list[str]
    posting_order: list[str]
    links: dict[str, str]


@router.get("/")
async def discover(ledger: Ledger) -> Discovery:
    """Version, terms open now, links, and the order in which a fresh client should post."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    async with ledger.pool.acquire() as connection:
        terms = await connection.fetch(
            "select term_id from ledger.term where $1 between starts_on and ends_on order by term_id", today
        )
    return Discovery(
        name="taizhang ledger",
        version=version("taizhang"),
        open_terms=[row["term_id"] for row in terms],
        posting_order=list(POSTING_ORDER),
        links={
            "token": "/oauth/token",
            "token_info": "/oauth/token_info",
            "jwks": "/.well-known/jwks.json",
            "openapi": "/openapi.json",
            "docs": "/docs",
            "code-lists": "/v1/code-lists",
            **{resource: f"/v1/{resource}" for resource in POSTING_ORDER},
        },
    )
