"""What an endpoint may ask for, as types: the caller with a scope, a snapshot, the format of the answer."""

from typing import Annotated, Any, Literal

import asyncpg
from fastapi import Depends, Query, Request

from shared.asgi import language_of, requires
from shared.problems import Language, Refused
from shared.tokens import Caller

Format = Literal["json", "csv"]
FORMATS: dict[str, Format] = {"application/json": "json", "text/csv": "csv"}

ReportReader = Annotated[Caller, Depends(requires("reports.read"))]
FindingsReader = Annotated[Caller, Depends(requires("findings.read"))]
LedgerReader = Annotated[Caller, Depends(requires("ledger.read"))]


async def format_of(
    request: Request,
    format_: Annotated[Format | None, Query(alias="format", description="json (default) or csv")] = None,
) -> Format:
    """The answer's format: `?format=`, else the Accept header, else JSON."""
    if format_ is not None:
        return format_
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept", "*/*").split(",")]
    for media_type in accepted:
        if media_type in {"*/*", "application/*", ""}:
            return "json"
        if media_type in FORMATS:
            return FORMATS[media_type]
    raise Refused("not_acceptable", formats=", ".join(FORMATS))


# What an endpoint with an AnswerFormat says of itself in the OpenAPI document.
IN_EITHER_FORMAT: dict[int | str, dict[str, Any]] = {200: {"content": {media_type: {} for media_type in FORMATS}}}
AnswerFormat = Annotated[Format, Depends(format_of)]


async def _language(request: Request) -> Language:
    return language_of(request)


AnswerLanguage = Annotated[Language, Depends(_language)]


async def _pool(request: Request) -> asyncpg.Pool:
    pool: asyncpg.Pool = request.app.state.pool
    return pool


Pool = Annotated[asyncpg.Pool, Depends(_pool)]
