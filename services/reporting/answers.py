"""How a report is answered: one snapshot, what it reflects as an ETag (304), JSON or a sheet, a Link to the next page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from importlib.metadata import version
from typing import Annotated, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from fastapi import Depends, Request
from fastapi.responses import Response

from services.reporting.dependencies import AnswerLanguage, PaperFormat, Pool, format_of, paper_format_of
from services.reporting.sheets.delimited import csv_response
from services.reporting.sheets.xlsx import xlsx_response
from shared.asgi import AsOf, requires
from shared.database import reading
from shared.pagination import encode_cursor
from shared.problems import Language, Refused
from shared.tokens import Caller

SHANGHAI = ZoneInfo("Asia/Shanghai")
_RELEASE = version("taizhang")
# Everything that a report may rest on: the chains that its reader sees, and what the audit has said of them.
_REFLECTED = """
    select
        count(*) filter (where school_id <> 'district' and school_id not like 'centre-%') as schools,
        coalesce(sum(seq), 0)::bigint as entries,
        md5(string_agg(school_id || encode(head, 'hex'), ',' order by school_id)) as heads,
        max(recorded_at) as recorded_at,
        (select coalesce(max(position), 0) from audit.finding_event) as findings_position,
        (transaction_timestamp() at time zone 'Asia/Shanghai')::date as today
    from {chains} as chain
    where seq > 0
"""
_NOW = _REFLECTED.format(chains="ledger.chain_head")
# Of an instant: each chain that had begun, where it ended then. What came later the snapshot does not see.
_THEN = _REFLECTED.format(
    chains="""(
        select chain_head.school_id, reached.seq, reached.head, reached.recorded_at
        from ledger.chain_head
        cross join lateral (
            select chain_entry.seq, chain_entry.head, chain_entry.recorded_at
            from ledger.chain_entry
            where chain_entry.school_id = chain_head.school_id
            order by chain_entry.seq desc
            limit 1
        ) as reached
    )"""
)


@dataclass(frozen=True)
class Table:
    """A report as rows for a sheet: the columns in their order, one mapping a row; `name`: of the file."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Mapping[str, object]]


# How rows become a file. A format that is added here and to dependencies.FORMATS is one that every report has.
SHEETS: Mapping[PaperFormat, Callable[[Table], Response]] = {
    "csv": lambda table: csv_response(table.columns, table.rows, name=table.name),
    "xlsx": lambda table: xlsx_response(table.columns, table.rows, name=table.name),
}


@dataclass(frozen=True)
class Snapshot:
    """A read-only moment of the ledger, now or as of an instant, and what an answer from it says of itself.

    `reflects`: how many schools that have recorded anything and chain entries the reader sees, the digest of all their heads, the newest record, the
    position in the findings' feed. `today`: the date in Shanghai, or that of `as_of`.
    """

    connection: asyncpg.Connection
    request: Request
    format: PaperFormat
    language: Language
    as_of: datetime | None
    today: date
    reflects: Mapping[str, object]
    etag: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether the reader has this very answer (If-None-Match)."""
        given = self.request.headers.get("if-none-match", "")
        return self.etag in {each.strip().removeprefix("W/") for each in given.split(",")}

    def unchanged(self) -> Response:
        """304: what the reader has is still the answer."""
        return Response(status_code=304, headers=self._headers())

    def answer(self, body: Mapping[str, object], table: Table) -> Response:
        """The body as JSON with what it reflects, or the table as the sheet that was asked for."""
        if self.format != "json":
            return self.tagged(SHEETS[self.format](table))
        if self.as_of is not None:
            body = cast("Mapping[str, object]", _led_back(body, urlencode({"as_of": self.as_of.isoformat()})))
        whole = {"as_of": self.as_of, "reflects": self.reflects, **body}
        return Response(msgspec.json.encode(whole), media_type="application/json", headers=self._headers())

    def tagged(self, response: Response) -> Response:
        """The response with the answer's ETag, and where its next page is."""
        response.headers.update(self._headers())
        return response

    def link_next(self, last: Sequence[object] | None) -> str | None:
        """The cursor after the row with this sort key, also as the answer's `Link`; None after the last."""
        if last is None:
            return None
        cursor = encode_cursor(last)
        following = self.request.url.include_query_params(cursor=cursor)
        self.headers["Link"] = f'<{following}>; rel="next"'
        return cursor

    def _headers(self) -> dict[str, str]:
        # What is worked out for a draft that was sent along is told apart by nothing that is in the ledger.
        tag = {"ETag": self.etag} if self.request.method == "GET" else {}
        return {
            **tag,
            "Cache-Control": "private, no-cache",
            "Vary": "Accept, Accept-Language, Authorization",
            **self.headers,
        }


def _led_back(part: object, then: str) -> object:
    """The body with the addresses of its rows leading to the rows as of the same instant."""
    if isinstance(part, Mapping):
        return {
            name: _at_instant(each, then) if name == "rows" else _led_back(each, then) for name, each in part.items()
        }
    return [_led_back(each, then) for each in part] if isinstance(part, list) else part


def _at_instant(rows: object, then: str) -> object:
    """One address, or several: findings are listed as they are now, all else as it was."""
    if isinstance(rows, Mapping):
        return {name: _at_instant(each, then) for name, each in rows.items()}
    if isinstance(rows, list):
        return [_at_instant(each, then) for each in rows]
    if isinstance(rows, str) and rows.startswith(("/v1/reports/", "/v1/ledger/")):
        return f"{rows}{'&' if '?' in rows else '?'}{then}"
    return rows


@dataclass(frozen=True)
class Answering:
    """Who asks, as of which instant (None: now), and in which format and language."""

    caller: Caller
    as_of: datetime | None
    _pool: asyncpg.Pool
    _request: Request
    _format: PaperFormat
    _language: Language

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """One moment for all of an answer's queries: what the caller may see of it, and as it was at the instant."""
        as_of = self.as_of
        async with reading(self._pool, self.caller.visible, as_of=as_of) as connection:
            row = await connection.fetchrow(_NOW if as_of is None else _THEN)
            today = row["today"] if as_of is None else as_of.astimezone(SHANGHAI).date()
            parameters = sorted(self._request.query_params.multi_items())
            parts = (
                _RELEASE, self._request.url.path, parameters, self._format, self._language, self.caller.visible,
                self.caller.kind, row["heads"], row["findings_position"], today,
            )  # fmt: skip
            yield Snapshot(
                connection=connection,
                request=self._request,
                format=self._format,
                language=self._language,
                as_of=as_of,
                today=today,
                reflects={
                    name: row[name] for name in ("schools", "entries", "heads", "recorded_at", "findings_position")
                },
                etag=f'"{sha256(repr(parts).encode()).hexdigest()[:32]}"',
            )


def _answering(
    scope: str, *, reads: Callable[..., Awaitable[PaperFormat]] = format_of
) -> Callable[..., Awaitable[Answering]]:
    async def answering(
        request: Request,
        caller: Annotated[Caller, Depends(requires(scope))],
        pool: Pool,
        format_: Annotated[PaperFormat, Depends(reads)],
        language: AnswerLanguage,
        as_of: AsOf = None,
    ) -> Answering:
        return Answering(caller, as_of, pool, request, format_, language)

    return answering


# What an endpoint asks for: a reader of reports, or of the ledger's own records.
Reports = Annotated[Answering, Depends(_answering("reports.read"))]
# A report that is a form people sign, too.
Papers = Annotated[Answering, Depends(_answering("reports.read", reads=paper_format_of))]
Records = Annotated[Answering, Depends(_answering("ledger.read"))]

_SEEN = """
    select chain_head.school_id
    from ledger.chain_head
    where chain_head.school_id = $1 and chain_head.school_id <> 'district'
"""


async def require_school(snapshot: Snapshot, school_id: str) -> None:
    """Raise Refused (404) unless the reader sees this school."""
    if await snapshot.connection.fetchval(_SEEN, school_id) is None:
        raise Refused("not_found")


def row_query(path: str, **parameters: object) -> str:
    """The address of the rows behind a number: a tuple says a parameter more than once, None leaves it out."""
    query = urlencode({name.rstrip("_"): value for name, value in parameters.items() if value is not None}, doseq=True)
    return f"{path}?{query}" if query else path
