"""`/`: the dashboard. Static files that ask the two services for everything, by the reader's own session."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Request
from fastapi import Path as PathPart
from fastapi.responses import FileResponse, Response

from services.reporting.dependencies import Pool
from shared.asgi import caller_of
from shared.database import reading
from shared.problems import Refused
from shared.tokens import Caller

router = APIRouter(tags=["dashboard"], include_in_schema=False)

_FOLDER = Path(__file__).parent
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
FILES = {
    str(path.relative_to(_FOLDER)): path
    for path in sorted(_FOLDER.rglob("*"))
    if path.suffix in MEDIA_TYPES and path.is_file()
}

_SCHOOLS = "select school_id, name, stages, centre, town from ledger.school where not sandbox or $1 order by school_id"
# The last day that most of the caller's schools have recorded: one that is far ahead or behind does not move the page.
_LATEST = """
    select service_date
    from audit.recorded_day
    where service_date <= $1
    group by service_date
    having count(*) * 2 > (select count(*) from ledger.school where not sandbox or $2)
    order by service_date desc
    limit 1
"""
_TERMS = "select term_id, starts_on, ends_on from ledger.term order by starts_on"


@router.get("/")
async def show_page(request: Request) -> FileResponse:
    """The page itself."""
    return _file("index.html", request)


@router.get("/dashboard/context")
async def tell_context(request: Request, pool: Pool) -> Response:
    """What the page begins with: who is signed in (null: nobody), the schools and terms to choose from, where to write."""
    caller = await _caller_or_none(request)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    body: dict[str, Any] = {
        "ledger_url": request.app.state.ledger_url or "",
        "has_provider": request.app.state.has_provider,
        "today": today,
        "latest_record_on": None,
        "caller": None,
        "schools": [],
        "terms": [],
    }
    if caller is not None:
        async with reading(pool, caller.visible) as connection:
            schools = await connection.fetch(_SCHOOLS, caller.kind == "sandbox")
            terms = await connection.fetch(_TERMS)
            latest = await connection.fetchval(_LATEST, today, caller.kind == "sandbox")
        body |= {
            "caller": {
                "client_id": caller.client_id,
                "kind": caller.kind,
                "scopes": sorted(caller.scopes),
                "stage": caller.visible.stage,
                "expires_at": caller.expires_at,
            },
            "schools": [dict(row) for row in schools],
            "terms": [dict(row) for row in terms],
            "latest_record_on": latest,
        }
    return Response(msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/dashboard/{name:path}")
async def send_file(request: Request, name: Annotated[str, PathPart()]) -> FileResponse:
    """What the page names: scripts, styles, words, the chart library."""
    if name not in FILES:
        raise Refused("not_found")
    return _file(name, request)


async def _caller_or_none(request: Request) -> Caller | None:
    try:
        return await caller_of(request)
    except Refused as refused:
        if refused.code != "unauthenticated":
            raise
        return None


def _file(name: str, request: Request) -> FileResponse:
    path = FILES[name]
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=_headers(request.app.state.ledger_url))


def _headers(ledger_url: str | None) -> dict[str, str]:
    """Nothing from elsewhere, nothing inline; what the page asks goes to the two services and nobody else."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": f"'self' {ledger_url or ''}".strip(),
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
