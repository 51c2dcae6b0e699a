"""What both HTTP services share at the door: request ids, problems as answers, health, metrics, language."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import sqlalchemy.exc
import structlog
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import metrics
from shared.allowance import Allowance
from shared.problems import Fault, Invalid, Language, Problem, Refused
from shared.tokens import Caller, Verifier
from shared.tracing import answered, answering

log = structlog.get_logger()

# Instants that a database and every time zone can hold.
AsOf = Annotated[
    Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 2, tzinfo=UTC), le=datetime(9999, 12, 30, tzinfo=UTC))] | None,
    Query(description="as the ledger knew it at this instant; now when absent"),
]

RETRY_AFTER_SECONDS = "2"
# Holds a browser session's token. No script reads it, and no other site's page sends it along.
SESSION_COOKIE = "taizhang_session"
_READS_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})
# A forged token must not make every request read the keys anew: they are read at most so often.
KEYS_FRESH_SECONDS = 0.5
# W3C Trace Context: version, trace id, the caller's span, flags; neither id all noughts.
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

# What asyncpg, SQLAlchemy and the socket raise when somebody else is at it, and when PostgreSQL is not there, is starting
# or stopping, or cannot go on: out of space, memory or connections, or failing inside: come back later.
BUSY_ERRORS = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.TransactionRollbackError,
    sqlalchemy.exc.TimeoutError,
    TimeoutError,
)
STORE_ERRORS = (
    *BUSY_ERRORS,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    # What asyncpg says of a connection that PostgreSQL has ended with a word and not hung up on yet.
    asyncpg.InternalClientError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    # A full disk, too, where it is a quota or a limit of the file's size.
    asyncpg.InternalServerError,
    OSError,
)


def language_of(request: Request) -> Language:
    """The language a caller asked for: English if Accept-Language begins with it, Chinese otherwise."""
    return "en" if request.headers.get("accept-language", "zh-CN").lower().startswith("en") else "zh"


def problem_response(request: Request, problem: Problem) -> JSONResponse:
    """A problem as `application/problem+json` (RFC 9457)."""
    return JSONResponse(
        problem.shown(language_of(request), instance=request.url.path),
        status_code=problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


async def caller_of(request: Request) -> Caller:
    """Who is asking; raises Refused (401) without a valid token, (429) from a client that asks too often.

    Several dependencies of one request may want to know; it is one request all the same.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    token = _token_of(request)
    verifier: Verifier = request.app.state.verifier
    if verifier.is_stale() or verifier.lacks_key_of(token):
        # It may be newer than what this process knows, or one of those known may be retired.
        await request.app.state.learn_keys()
    caller = verifier.verify(token)
    allowance: Allowance = request.app.state.allowance
    if wait := allowance.take(caller.client_id):
        raise Refused("too_many_requests", headers={"Retry-After": str(wait)})
    request.state.caller = caller
    return caller


def _token_of(request: Request) -> str:
    """The bearer token, or that of the browser's session; raises Refused (401), (403) when another site's page acts by it."""
    if (header := request.headers.get("authorization")) is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer" and token:
            return token
    elif token := request.cookies.get(SESSION_COOKIE, ""):
        if request.method not in _READS_ONLY:
            refuse_other_pages(request)
        return token
    raise Refused("unauthenticated", reason="no bearer token", headers={"WWW-Authenticate": "Bearer"})


def refuse_other_pages(request: Request, *, or_none: bool = False) -> None:
    """Raises Refused (403) unless a page of ours sends the request, as its Origin says, which no script can forge.

    Ours is what is served from the address the request went to, or from the one that the settings name. `or_none`: a
    program, which names no origin, may too.
    """
    origin = request.headers.get("origin")
    if origin is None and or_none:
        return
    if origin is None or (
        origin != request.app.state.page_origin and urlsplit(origin).netloc != request.headers.get("host")
    ):
        raise Refused("foreign_page")


def requires(*scopes: str) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: the caller, who must have this scope, or one of these (403 otherwise)."""

    async def with_scope(request: Request) -> Caller:
        caller = await caller_of(request)
        if caller.scopes.isdisjoint(scopes):
            raise Refused("missing_scope", scope=scopes[0])
        return caller

    return with_scope


class KeyRing:
    """Keeps a verifier's keys those that the database holds in force."""

    def __init__(self, pool: asyncpg.Pool, verifier: Verifier) -> None:
        """`pool`: any service's; the keys are public."""
        self._pool = pool
        self._verifier = verifier
        self._learnt_at = float("-inf")
        self._learning: asyncio.Task[None] | None = None

    async def learn(self) -> None:
        """Read the keys again. Whoever asks while that is under way waits for it, not for another."""
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._read())
        await asyncio.shield(self._learning)

    async def _read(self) -> None:
        await asyncio.sleep(self._learnt_at + KEYS_FRESH_SECONDS - time.monotonic())
        self._learnt_at = time.monotonic()
        self._verifier.learn(await public_keys(self._pool))


async def public_keys(pool: asyncpg.Pool) -> list[dict[str, str]]:
    """The public halves of the keys in force, newest first, as JWKs."""
    rows = await pool.fetch(
        "select public_jwk from ledger.signing_key where retired_at is null order by created_at desc",
    )
    return [json.loads(row["public_jwk"]) for row in rows]


# What an answer of ours lets nobody do with it, unless it says otherwise itself.
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-site"),
    (b"cache-control", b"private, no-cache"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
# Swagger's pages bring a script and a style of their own.
_DOCS_PAGES = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc"})


class RequestContext:
    """Gives each request its id, binds it and the caller's trace to the logs, counts and times the answer."""

    def __init__(self, app: ASGIApp) -> None:
        """`app`: what answers."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = dict(scope["headers"])
        given = sent.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _SAFE_REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        passed_on = [(b"x-request-id", request_id.encode())]
        bound, traceparent = {"request_id": request_id}, None
        trace = _TRACEPARENT.fullmatch(sent.get(b"traceparent", b""))
        if trace is not None:
            traceparent = trace[0].decode()
            passed_on.append((b"traceparent", trace[0]))
            bound["trace_id"] = trace[1].decode()
        tokens = structlog.contextvars.bind_contextvars(**bound)
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _value in message["headers"]}
                unsaid = [each for each in SECURITY_HEADERS if each[0] not in said]
                if scope["path"] in _DOCS_PAGES:
                    unsaid = [each for each in unsaid if each[0] != b"content-security-policy"]
                message["headers"] = [*message["headers"], *passed_on, *unsaid]
                route = getattr(scope.get("route"), "path", "unmatched")
                metrics.REQUESTS.labels(scope["method"], route, message["status"]).inc()
                metrics.REQUEST_SECONDS.labels(scope["method"], route).observe(time.perf_counter() - started)
                answered(span, method=scope["method"], route=route, status=message["status"], request_id=request_id)
            await send(message)

        try:
            with answering(scope["method"], traceparent) as span:
                await self.app(scope, receive, send_with_id)
        finally:
            structlog.contextvars.reset_contextvars(**tokens)


def _route_of(request: Request) -> str:
    """The path as the service knows it: what a request puts in its place may be a pupil's or a teacher's id."""
    path: str = getattr(request.scope.get("route"), "path", "unmatched")
    return path


def _headers_of(error: HTTPException, request: Request) -> dict[str, str]:
    """What goes with a refusal; with a 405, `Allow`: the methods of all routes at that address (RFC 9110 15.5.6)."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        routes = (route for route in request.app.routes if isinstance(route, Route))
        here = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
        headers["Allow"] = ", ".join(sorted({method for route in here for method in route.methods or ()}))
    return headers


def answer_at(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Let `app` answer at the routes of `routers`, as they are.

    They have no prefix and nothing in common, so `include_router`, which works out each of them anew for each
    application, would only cost: about half a second of a processor before the first answer.
    """
    for router in routers:
        app.router.routes.extend(router.routes)


def answer_problems(app: FastAPI) -> None:
    """Every error of `app` leaves as a problem with a stable code."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> Response:
        return problem_response(request, problem)

    @app.exception_handler(RequestValidationError)
    async def on_parameters(request: Request, error: RequestValidationError) -> Response:
        faults = [
            Fault("/" + "/".join(str(part) for part in each["loc"]), "invalid_value", {"reason": each["msg"]})
            for each in error.errors()
        ]
        return problem_response(request, Invalid(faults))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        headers = _headers_of(error, request)
        return problem_response(request, Refused(code, status=error.status_code, headers=headers, reason=error.detail))

    @app.exception_handler(ClientDisconnect)
    async def on_leaving(request: Request, _error: ClientDisconnect) -> Response:
        # Nobody hears it; it is no fault of ours.
        return problem_response(request, Refused("truncated_body"))

    async def on_bug(request: Request, error: Exception) -> Response:
        log.error("request_failed", route=_route_of(request), exc_info=error)
        # It goes past what gives other answers their id and their headers.
        headers = {name.decode(): value.decode() for name, value in SECURITY_HEADERS}
        if (request_id := getattr(request.state, "request_id", None)) is not None:
            headers["X-Request-ID"] = request_id
        return problem_response(request, Refused("internal_error", headers=headers))

    async def on_store(request: Request, error: Exception) -> Response:
        busy, full = isinstance(error, BUSY_ERRORS), isinstance(error, asyncpg.DiskFullError)
        code = "busy" if busy else "store_full" if full else "stores_unavailable"
        log.warning(code, route=_route_of(request), error=repr(error))
        return problem_response(request, Refused(code, headers={"Retry-After": RETRY_AFTER_SECONDS}))

    @app.exception_handler(asyncpg.PostgresError)
    async def on_postgresql(request: Request, error: asyncpg.PostgresError) -> Response:
        # What ends the connection or the server is said of them, and not of the request, whatever its code.
        ended = error.severity_en in {"FATAL", "PANIC"}
        return await (on_store(request, error) if ended else on_bug(request, error))

    app.add_exception_handler(Exception, on_bug)
    for store_error in STORE_ERRORS:
        app.add_exception_handler(store_error, on_store)

    @app.exception_handler(sqlalchemy.exc.DBAPIError)
    async def on_tables(request: Request, error: sqlalchemy.exc.DBAPIError) -> Response:
        # SQLAlchemy wraps what asyncpg says twice over.
        said = error.orig.__cause__ if error.orig else None
        return await (on_store(request, said) if isinstance(said, STORE_ERRORS) else on_bug(request, error))

    @app.exception_handler(asyncpg.DataError)
    async def on_data(request: Request, error: asyncpg.DataError) -> Response:
        # What no column can hold is in no column: a NUL in an address, a number beyond all bounds.
        log.info("value_beyond_the_store", route=_route_of(request), error=type(error).__name__)
        return problem_response(request, Refused("invalid_value", reason="a value that cannot be stored"))


def answer_health(app: FastAPI, *, ready: Callable[[], Awaitable[bool]]) -> None:
    """`/livez`, `/readyz` and `/metrics`; `ready` asks the stores."""

    @app.get("/livez", tags=["health"])
    async def livez() -> dict[Literal["status"], str]:
        """Whether the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"])
    async def readyz() -> dict[Literal["status"], str]:
        """Whether requests can be served: the database answers."""
        if not await ready():
            raise Refused("stores_unavailable", headers={"Retry-After": RETRY_AFTER_SECONDS})
        return {"status": "ready"}

    @app.get("/metrics", tags=["health"], response_class=Response)
    async def read_metrics() -> Response:
        """This process's metrics in Prometheus's text format."""
        return Response(metrics.exposition(), media_type=metrics.EXPOSITION_TYPE)
