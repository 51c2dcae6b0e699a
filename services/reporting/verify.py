"""`/verify/{code}`: does a printed sheet still equal the ledger it was bound to? Yes or no and when; no name, no amount.

Public, because whoever stands before the wall may ask. What it says of a sheet stands on the sheet: which kind, which
school's code, which period or document. A code that this ledger has not made is 404, like any other unknown thing.
"""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.reporting.dependencies import AnswerLanguage, Pool
from services.reporting.forms.checking import Verdict, judged
from services.reporting.forms.codes import Bound, opened, sheet_key
from services.reporting.forms.wording import either, instant_words
from shared.allowance import Allowance
from shared.database import Visible, reading
from shared.problems import Language, Refused

router = APIRouter(tags=["verify"])

_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:34em;margin:3em auto;padding:0 1em;color:#222}"
    "h1{font-size:1.3em}.yes{color:#0a6b2d}.no{color:#a32020}dt{color:#666}dd{margin:0 0 .6em}"
)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language",
}
_KINDS = {
    "workload": ("工作量公示表（据台账生成）", "workload sheet drawn from the ledger"),
    "compensation": ("工作量和拟发放报酬公示表（据台账生成）", "workload and remuneration sheet drawn from the ledger"),
    "publications": ("公示表", "publication sheet"),
    "submissions": ("报酬统计上报表", "submission form"),
    "payments": ("报酬发放清单", "payment list"),
    "onsite": ("现场检查表", "on-site sheet"),
    "inspection": ("检查档案", "inspection dossier"),
}

# What passers-by may ask of one address for ever; ten seconds' worth at once. Nobody stands before so many walls.
ASKED_PER_SECOND = 5


@router.get(
    "/verify/{code}",
    responses={200: {"content": {"application/json": {}, "text/html": {}}}},
)
async def verify(
    code: str,
    request: Request,
    pool: Pool,
    language: AnswerLanguage,
    format_: Annotated[
        Literal["json", "html"] | None,
        Query(alias="format", description="json, or html, which a browser gets by its Accept header"),
    ] = None,
) -> Response:
    """Whether the sheet with this code still equals the ledger. No sign-in."""
    passers_by: Allowance = request.app.state.passers_by
    if wait := passers_by.take(request.client.host if request.client else ""):
        raise Refused("too_many_requests", headers={"Retry-After": str(wait)})
    async with reading(pool, Visible()) as connection:
        key = await sheet_key(connection)
    bound = opened(key, code)
    if bound is None:
        raise Refused("not_found")
    async with reading(pool, Visible(schools=(bound.school_id,))) as connection:
        verdict = await judged(connection, key, bound)
    checked_at = datetime.now(UTC)
    wants_page = "text/html" in request.headers.get("accept", "") if format_ is None else format_ == "html"
    if wants_page:
        page = _page(bound, verdict, checked_at, language)
        return Response(page, media_type="text/html; charset=utf-8", headers=_HEADERS)
    return Response(
        msgspec.json.encode(_shown(bound, verdict, checked_at)), media_type="application/json", headers=_HEADERS
    )


def _shown(bound: Bound, verdict: Verdict, checked_at: datetime) -> dict[str, Any]:
    return {
        "equal": verdict.equal,
        "sheet": {"kind": bound.kind, "school_id": bound.school_id, "about": bound.about},
        "bound_to": {"seq": bound.seq, "recorded_at": verdict.bound_at},
        "checked_against": {"seq": verdict.seq, "checked_at": checked_at},
        "unchanged": verdict.unchanged,
        "agrees_with_work": verdict.agrees,
        "changed_at": verdict.changed_at,
    }


def _page(bound: Bound, verdict: Verdict, checked_at: datetime, language: Language) -> str:
    yes = verdict.equal
    title = (
        either(language, "一致：本表与台账相同", "Yes: the sheet equals the ledger")
        if yes
        else either(language, "不一致：本表与台账不同", "No: the sheet does not equal the ledger")
    )
    facts = [
        (either(language, "表", "Sheet"), either(language, *_KINDS[bound.kind])),
        (either(language, "学校标识码", "School code"), bound.school_id),
        (either(language, "期间或编号", "Period or number"), bound.about),
        (
            either(language, "打印时的台账链位", "Bound to chain position"),
            f"{bound.seq}" + (f" ({instant_words(verdict.bound_at)})" if verdict.bound_at else ""),
        ),
        (
            either(language, "核对", "Checked"),
            f"{instant_words(checked_at)}" + either(language, f"，链位 {verdict.seq}", f", position {verdict.seq}"),
        ),
    ]
    if not yes:
        facts.append((either(language, "原因", "Why"), _reason(verdict, language)))
    shown = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    note = either(
        language,
        "请核对表上的学校标识码、期间和编号与此处相同。本页不显示姓名和金额。",
        "Compare school code, period and number with the paper. This page shows no names and no amounts.",
    )
    return (
        f'<!doctype html><html lang="{either(language, "zh-CN", "en")}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
        f'<body><h1 class="{"yes" if yes else "no"}">{escape(title)}</h1><dl>{shown}</dl><p>{escape(note)}</p></body></html>'
    )


def _reason(verdict: Verdict, language: Language) -> str:
    if verdict.changed_at is not None:
        at = instant_words(verdict.changed_at)
        return either(language, f"打印后台账有更正或补录，最早于 {at}", f"Recorded or corrected since, first at {at}")
    if verdict.unchanged:
        return either(language, "表上数字与台账中的工作记录不符", "Its figures are not those of the work in the ledger")
    return either(language, "所依据的记录已变更", "What it rests on has changed")
