"""Findings as an Atom feed (RFC 4287), with its archives (RFC 5005)."""

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.reporting.dependencies import FeedReader, Pool
from services.reporting.findings.feed import Archive, Document, FeedLanguage, WantedChanges, answer, document_of

router = APIRouter(prefix="/v1/findings/feed.atom", tags=["findings"])

MEDIA_TYPE = "application/atom+xml"
_ATOM, _HISTORY = "http://www.w3.org/2005/Atom", "http://purl.org/syndication/history/1.0"
# What XML 1.0 has no way to say at all.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@router.get(
    "", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}, 304: {"description": "as held"}}
)
async def show_atom(
    request: Request,
    caller: FeedReader,
    pool: Pool,
    wanted: WantedChanges,
    language: FeedLanguage,
    archive: Archive = None,
) -> Response:
    """The newest changes of findings, each an entry; `prev-archive` leads back to the first."""
    document = await document_of(request, pool, caller, wanted, language, archive)
    return answer(request, document, _atom(document), MEDIA_TYPE)


def _atom(document: Document) -> bytes:
    chinese = document.language == "zh"
    # Names in the clear: a prefix of ElementTree's own would be read as well, but not by people.
    feed = Element("feed", {"xmlns": _ATOM, "xmlns:fh": _HISTORY, "xml:lang": "zh-CN" if chinese else "en"})
    _add(feed, "id", document.id)
    _add(feed, "title", "课后服务台账：发现" if chinese else "After-school ledger: findings")
    _add(feed, "updated", document.updated.isoformat())
    _add(SubElement(feed, "author"), "name", "台账 Taizhang")
    _add(feed, "generator", "Taizhang")
    links = {"self": document.link, "alternate": document.home}
    if document.is_archive:
        SubElement(feed, "fh:archive")
        links["current"] = document.current
    if document.older is not None:
        links["prev-archive"] = document.older
    for relation, address in links.items():
        SubElement(feed, "link", {"rel": relation, "href": address})
    for entry in document.entries:
        element = SubElement(feed, "entry")
        _add(element, "id", entry.id)
        _add(element, "title", entry.title)
        _add(element, "updated", entry.at.isoformat())
        _add(element, "published", entry.at.isoformat())
        SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": entry.link})
        for tag in entry.tags:
            SubElement(element, "category", {"term": tag})
        _add(element, "content", entry.text).set("type", "text")
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, name)
    element.text = _NOT_XML.sub("\ufffd", text)
    return element
