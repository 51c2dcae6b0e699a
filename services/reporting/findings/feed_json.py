"""Findings as a JSON Feed (version 1.1); `next_url` leads to the archive before."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.reporting.dependencies import FeedReader, Pool
from services.reporting.findings.feed import Archive, Document, FeedLanguage, WantedChanges, answer, document_of

router = APIRouter(prefix="/v1/findings/feed.json", tags=["findings"])

MEDIA_TYPE = "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"


@router.get(
    "", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}, 304: {"description": "as held"}}
)
async def show_json_feed(
    request: Request,
    caller: FeedReader,
    pool: Pool,
    wanted: WantedChanges,
    language: FeedLanguage,
    archive: Archive = None,
) -> Response:
    """The newest changes of findings, each an item; the event as the other feeds have it is its `_taizhang`."""
    document = await document_of(request, pool, caller, wanted, language, archive)
    return answer(request, document, msgspec.json.encode(_json_feed(document)), MEDIA_TYPE)


def _json_feed(document: Document) -> dict[str, Any]:
    chinese = document.language == "zh"
    feed: dict[str, Any] = {
        "version": VERSION,
        "title": "课后服务台账：发现" if chinese else "After-school ledger: findings",
        "home_page_url": document.home,
        # Where the feed is, whichever of its documents this is.
        "feed_url": document.current,
        "language": "zh-CN" if chinese else "en",
        "authors": [{"name": "台账 Taizhang"}],
        "items": [
            {
                "id": entry.id,
                "url": entry.link,
                "title": entry.title,
                "content_text": entry.text,
                "date_published": entry.at.isoformat(),
                "tags": list(entry.tags),
                **({} if entry.event is None else {"_taizhang": entry.event}),
            }
            for entry in document.entries
        ],
    }
    if document.older is not None:
        feed["next_url"] = document.older
    return feed
