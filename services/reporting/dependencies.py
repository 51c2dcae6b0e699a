"""What an endpoint may ask for, as types: the caller with a scope, a snapshot, the format of the answer."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import Depends, Query, Request

from shared.asgi import language_of, requires
from shared.problems import Language, Refused
from shared.tokens import Caller, digest_of_feed_token, visible_to

Format = Literal["json", "csv", "xlsx"]
# A report that is a form people sign is also a page to print, and its workbook is that page.
PaperFormat = Literal["json", "csv", "xlsx", "pdf"]
FORMATS: dict[str, PaperFormat] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
PAPER_FORMATS: dict[str, PaperFormat] = {**FORMATS, "application/pdf": "pdf"}
MEDIA_TYPES: dict[PaperFormat, str] = {name: media_type for media_type, name in PAPER_FORMATS.items()}

ReportReader = Annotated[Caller, Depends(requires("reports.read"))]
FindingsReader = Annotated[Caller, Depends(requires("findings.read"))]
LedgerReader = Annotated[Caller, Depends(requires("ledger.read"))]


_BASIC = 'Basic realm="Taizhang feeds", charset="UTF-8"'
_READER = "select client_id, kind, schools, stage from ledger.reader_of_feed($1)"


async def _feed_reader(
    request: Request,
    token: Annotated[
        str | None,
        Query(
            max_length=200,
            description="a feed token, for readers that can send no header; else HTTP Basic has it as its password",
        ),
    ] = None,
) -> Caller:
    """Who reads a feed: the owner of a feed token, or a caller as everywhere. Raises Refused (401), (403), (429)."""
    token = token or _basic_password(request.headers.get("authorization", ""))
    if token is None:
        try:
            return await requires("findings.read")(request)
        except Refused as refused:
            if "WWW-Authenticate" in refused.headers:
                # A feed reader asks its person for a password when it hears that one would do.
                refused.headers["WWW-Authenticate"] += f", {_BASIC}"
            raise
    pool: asyncpg.Pool = request.app.state.pool
    row = await pool.fetchrow(_READER, digest_of_feed_token(token))
    if row is None:
        raise Refused(
            "unauthenticated",
            reason="no such feed token, or it has been revoked",
            headers={"WWW-Authenticate": f"Bearer, {_BASIC}"},
        )
    if wait := request.app.state.allowance.take(row["client_id"]):
        raise Refused("too_many_requests", headers={"Retry-After": str(wait)})
    return Caller(
        client_id=row["client_id"],
        kind=row["kind"],
        scopes=frozenset({"findings.read"}),
        visible=visible_to(row["kind"], schools=tuple(row["schools"]), stage=row["stage"]),
        expires_at=0,
    )


def _basic_password(header: str) -> str | None:
    """What HTTP Basic has as password; the user's name says nothing here."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[2]
    except (Base64Error, UnicodeDecodeError):
        return ""


FeedReader = Annotated[Caller, Depends(_feed_reader)]


async def format_of(
    request: Request,
    format_: Annotated[Format | None, Query(alias="format", description="json (default), csv or xlsx")] = None,
) -> PaperFormat:
    """The answer's format: `?format=`, else the Accept header, else JSON."""
    return format_ or _accepted(request, FORMATS)


async def paper_format_of(
    request: Request,
    format_: Annotated[
        PaperFormat | None, Query(alias="format", description="json (default), csv, xlsx or pdf")
    ] = None,
) -> PaperFormat:
    """The same of a report that is also a page to print."""
    return format_ or _accepted(request, PAPER_FORMATS)


def _accepted(request: Request, formats: Mapping[str, PaperFormat]) -> PaperFormat:
    """The first of the formats that the Accept header takes; raises Refused (406) when there is none."""
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept", "*/*").split(",")]
    for media_type in accepted:
        if media_type in {"*/*", "application/*", ""}:
            return "json"
        if media_type in formats:
            return formats[media_type]
    raise Refused("not_acceptable", formats=", ".join(formats))


# What an endpoint says of its formats in the OpenAPI document.
IN_EITHER_FORMAT: dict[int | str, dict[str, Any]] = {200: {"content": {media_type: {} for media_type in FORMATS}}}
ON_PAPER: dict[int | str, dict[str, Any]] = {200: {"content": {media_type: {} for media_type in PAPER_FORMATS}}}
AnswerFormat = Annotated[PaperFormat, Depends(format_of)]
AnswerPaper = Annotated[PaperFormat, Depends(paper_format_of)]


async def _language(request: Request) -> Language:
    return language_of(request)


AnswerLanguage = Annotated[Language, Depends(_language)]


# A plan is a page; what is longer is none.
DRAFT_LIMIT_BYTES = 256 * 1024


async def _draft(request: Request) -> bytes:
    """The body of a small POST; raises Refused when it is longer, or is packed or said to be other than JSON."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused("unsupported_media_type", given=media_type, wanted="application/json")
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Refused("unsupported_encoding", given=request.headers["content-encoding"])
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > DRAFT_LIMIT_BYTES:
            raise Refused("body_too_large", limit_mib=DRAFT_LIMIT_BYTES / 1024 / 1024)
    return body


DraftBody = Annotated[bytes, Depends(_draft)]


async def _pool(request: Request) -> asyncpg.Pool:
    pool: asyncpg.Pool = request.app.state.pool
    return pool


Pool = Annotated[asyncpg.Pool, Depends(_pool)]
