"""What both feeds of findings have in common: which changes they show, in which pages, in which words, what is new in them.

The log only grows, so it is paged as RFC 5005 has it for archives: positions in blocks of BLOCK; a full block is an archive
document that never changes, and the feed itself holds what has come since, at least the newest NEWEST. Each document leads
to the archive before it that holds something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from services.reporting.dependencies import AnswerLanguage
from services.reporting.findings.notices import Notice, notices_of
from shared.database import Statement, reading
from shared.finding_events import shown_event
from shared.problems import Language, Refused
from shared.tokens import Caller
from shared.vocabulary import FindingState, Severity, Stage

BLOCK = 200
NEWEST = 50
# A document with something younger has no Last-Modified: in the same second more may come.
SETTLED = timedelta(seconds=2)
EMPTY_SINCE = datetime(1970, 1, 1, tzinfo=UTC)
_WANTED = """
        (:school_id::text is null or school_id = :school_id)
        and (:rules::text[] is null or rule = any(:rules))
        and (:severity::text is null or severity = :severity)
        and (:states::text[] is null or state = any(:states))
        and (:period::text is null or finding ->> 'period' = :period)
        and (:from_day::date is null or (finding ->> 'service_date')::date >= :from_day)
        and (:to_day::date is null or (finding ->> 'service_date')::date <= :to_day)
        and (
            :stage::text is null
            or exists (
                select from ledger.school where school.school_id = finding_event.school_id and :stage = any(school.stages)
            )
        )
        and (
            :town::text is null
            or exists (
                select from ledger.school where school.school_id = finding_event.school_id and school.town = :town
            )
        )
"""
_EVENTS = Statement.parse(
    f"""
    select position, change, at, finding
    from audit.finding_event
    where position > :after and position <= :to and {_WANTED}
    order by position desc
    limit :limit
    """  # noqa: S608 a constant
)
_BEFORE = Statement.parse(
    f"""
    select max(position) as position
    from audit.finding_event
    where position <= :to and {_WANTED}
    """  # noqa: S608 a constant
)
_SEVERITIES: Mapping[str, tuple[str, str]] = {
    "critical": ("特别严重", "critical"),
    "high": ("严重", "high"),
    "medium": ("中等", "medium"),
    "low": ("轻微", "low"),
    "review": ("待核查", "for review"),
}
_CHANGES: Mapping[str, tuple[str, str]] = {
    "opened": ("新发现", "opened"),
    "updated": ("有变化", "updated"),
    "cleared": ("已消除", "cleared"),
    "reopened": ("再次出现", "reopened"),
    "disposed": ("已处理", "decided"),
    "escalated": ("逾期未处理", "overdue"),
}


# Why the worker has given a webhook up, by subscription_progress.disabled_reason.
_REASONS: Mapping[str, tuple[str, str]] = {
    "gone": ("接收方回答 410：已不存在", "the receiver answered 410: there is none any more"),
    "failed_for_three_days": ("三天内一直未被接收", "it was not taken for three days"),
}


@dataclass(frozen=True)
class Wanted:
    """Which changes a feed shows: those whose finding was so when it changed; as of the listing."""

    school_id: str | None
    stage: str | None
    town: str | None
    rules: list[str] | None
    severity: str | None
    states: list[FindingState] | None
    period: str | None
    from_day: date | None
    to_day: date | None

    def parameters(self) -> list[tuple[str, str]]:
        """The same as a query, in one order."""
        single = {"from": self.from_day, "to": self.to_day} | {
            name: getattr(self, name) for name in ("school_id", "stage", "town", "severity", "period")
        }
        named = [(name, str(value)) for name, value in single.items() if value is not None]
        several = (("rule", self.rules or []), ("state", self.states or []))
        return sorted([*named, *((name, str(value)) for name, values in several for value in values)])


async def _wanted(
    school_id: str | None = None,
    stage: Stage | None = None,
    town: str | None = None,
    rule: Annotated[list[str] | None, Query()] = None,
    severity: Severity | None = None,
    state: Annotated[list[FindingState] | None, Query()] = None,
    period: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
) -> Wanted:
    return Wanted(school_id, stage, town, rule, severity, state, period, from_day, to_day)


WantedChanges = Annotated[Wanted, Depends(_wanted)]


async def _feed_language(
    accepted: AnswerLanguage,
    language: Annotated[Language | None, Query(description="zh or en; else as Accept-Language says")] = None,
) -> Language:
    return language or accepted


# Few feed readers say which language they want: the address may.
FeedLanguage = Annotated[Language, Depends(_feed_language)]
Archive = Annotated[
    int | None, Query(ge=0, le=10**15, description="an archive document, as the feed's own links name it")
]


@dataclass(frozen=True)
class Entry:
    """One change in words, and the page that shows it. `event`: as the other feeds have it; of a notice, null."""

    id: str
    title: str
    text: str
    at: datetime
    tags: Sequence[str]
    link: str
    event: Mapping[str, Any] | None


@dataclass(frozen=True)
class Document:
    """The feed, or one of its archives. The links are absolute; `older`: of the archive before, if any holds something."""

    id: str
    language: Language
    link: str
    current: str
    home: str
    older: str | None
    is_archive: bool
    entries: Sequence[Entry]
    updated: datetime


async def document_of(
    request: Request, pool: Any, caller: Caller, wanted: Wanted, language: Language, archive: int | None
) -> Document:
    """The feed as the caller may see it, or the archive of that number; the newest first. Raises Refused (404)."""
    bound = {**vars(wanted)}
    notices: Sequence[Notice] = ()
    async with reading(pool, caller.visible) as connection:
        last = await connection.fetchval("select coalesce(max(position), 0) from audit.finding_event")
        whole = last - last % BLOCK
        if archive is None:
            rows = await _EVENTS.fetch(connection, after=whole, to=last, limit=BLOCK, **bound)
            if len(rows) < NEWEST:
                rows = await _EVENTS.fetch(connection, after=0, to=last, limit=NEWEST, **bound)
            before = whole
            notices = await notices_of(connection, caller.client_id)
        else:
            before = archive * BLOCK
            if before + BLOCK > whole:
                # What is not full is not an archive yet: it would change.
                raise Refused("not_found")
            rows = await _EVENTS.fetch(connection, after=before, to=before + BLOCK, limit=BLOCK, **bound)
        (older,) = await _BEFORE.fetch(connection, to=before, **bound)
    address, home = str(request.url.replace(query="")), str(request.base_url)
    parameters = [*wanted.parameters(), ("language", language)]
    named = sha256(urlencode(parameters).encode()).hexdigest()[:32]
    if "token" in request.query_params:
        # Who came by a token in the address goes on by it.
        parameters.append(("token", request.query_params["token"]))
    told = [_told(notice, language, home) for notice in reversed(notices)]
    entries = [*told, *(_entry(row, language, home) for row in rows)]
    return Document(
        id=f"urn:taizhang:feed:{named}",
        language=language,
        link=_address(address, parameters, archive),
        current=_address(address, parameters, None),
        home=home,
        older=None if older["position"] is None else _address(address, parameters, (older["position"] - 1) // BLOCK),
        is_archive=archive is not None,
        entries=entries,
        updated=max((entry.at for entry in entries), default=EMPTY_SINCE),
    )


def _address(address: str, parameters: Sequence[tuple[str, str]], archive: int | None) -> str:
    query = [*parameters] if archive is None else [*parameters, ("archive", str(archive))]
    return f"{address}?{urlencode(query)}"


def _entry(row: Any, language: Language, home: str) -> Entry:
    event = shown_event(row)
    finding, place = event["finding"], 0 if language == "zh" else 1
    severity, change = _SEVERITIES[finding["severity"]][place], _CHANGES[event["change"]][place]
    return Entry(
        id=f"urn:taizhang:finding-event:{event['cursor']}",
        title=(f"[{severity}] {finding['rule']} {finding['title'][language]} · {change} · {finding['school_id']}"),
        text=_written(finding, language),
        at=row["at"],
        tags=(finding["rule"], finding["severity"], event["change"], finding["state"], finding["school_id"]),
        link=f"{home}#/finding/{finding['finding_id']}",
        event=event,
    )


def _told(notice: Notice, language: Language, home: str) -> Entry:
    """That a webhook of the reader's own is no longer served."""
    place = 0 if language == "zh" else 1
    title = ("Webhook 订阅已停用：", "Webhook disabled: ")[place] + notice["subscription_id"]
    cure = (
        "修好接收端后将订阅的 state 改为 active，即从停下处继续，不漏一条。",
        "Once the receiver is mended set the subscription's state to active: it goes on where it was, nothing is lost.",
    )[place]
    return Entry(
        id=notice["id"],
        title=title,
        text=f"{_REASONS[notice['reason']][place]}\n{cure}",
        at=notice["at"],
        tags=("subscription", "disabled"),
        link=f"{home}#/findings",
        event=None,
    )


def _written(finding: Mapping[str, Any], language: Language) -> str:
    """The finding's sentence, and what is at risk where that is known."""
    lines = [finding["explanation"][language]]
    if finding["hours_at_risk"] is not None:
        lines.append(("涉及课时：" if language == "zh" else "Class hours at risk: ") + f"{finding['hours_at_risk']:g}")
    if finding["amount_at_risk_fen"] is not None:
        yuan = f"{finding['amount_at_risk_fen'] / 100:.2f}"
        lines.append(("涉及金额（元）：" if language == "zh" else "Amount at risk (CNY): ") + yuan)
    lines.append(("依据：" if language == "zh" else "Clause: ") + ", ".join(finding["clause"]))
    return "\n".join(lines)


def answer(request: Request, document: Document, body: bytes, media_type: str) -> Response:
    """The document, or 304 when the reader has it: by its tag, else by when it was last modified (RFC 9110 §13)."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        # It is the reader's own view; an archive never changes.
        "Cache-Control": "private, max-age=86400" if document.is_archive else "private, no-cache",
        "Vary": "Authorization, Accept-Language",
        "Content-Language": "zh-CN" if document.language == "zh" else "en",
    }
    modified = None
    if datetime.now(UTC) - document.updated >= SETTLED:
        modified = headers["Last-Modified"] = format_datetime(document.updated.replace(microsecond=0), usegmt=True)
    held = request.headers.get("if-none-match")
    if held is not None:
        fresh = held.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in held.split(",")}
    else:
        # Exactly so: a clock that was set back must not hide what came since.
        fresh = modified is not None and request.headers.get("if-modified-since") == modified
    return (
        Response(status_code=304, headers=headers) if fresh else Response(body, headers=headers, media_type=media_type)
    )
