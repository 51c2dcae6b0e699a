"""The JSON Feed, held against what version 1.1 requires."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from services.reporting.findings.feed import BLOCK
from tests.world.changes import changes, find_in_both
from tests.world.district import District
from tests.world.standard import S1, S2

PATH = "/v1/findings/feed.json"
# https://www.jsonfeed.org/version/1.1: what a feed and an item may have, and which type.
FEED = {
    "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str, "next_url": str,
    "language": str, "authors": list, "items": list,
}  # fmt: skip
ITEM = {
    "id": str, "url": str, "title": str, "content_text": str, "summary": str, "date_published": str, "date_modified": str,
    "tags": list, "language": str,
}  # fmt: skip


def _assert_a_json_feed(feed: dict[str, Any]) -> None:
    assert {"version", "title", "items"} <= feed.keys()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    for name, value in feed.items():
        assert isinstance(value, FEED[name]), name
    for item in feed["items"]:
        assert {"id", "content_text"} <= item.keys()
        for name, value in item.items():
            # An extension begins with an underscore and is an object.
            assert isinstance(value, dict if name.startswith("_") else ITEM[name]), name
        assert datetime.fromisoformat(item["date_published"]).tzinfo is not None
        assert all(isinstance(tag, str) for tag in item["tags"])
        assert urlsplit(item["url"]).scheme == "http"
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"])


async def test_it_is_a_json_feed_of_the_same_events(school: District) -> None:
    await find_in_both(school)
    answer = await school.auditor.read(PATH)
    assert answer.headers["content-type"] == "application/feed+json"
    feed = answer.json()
    _assert_a_json_feed(feed)
    events = (await school.auditor.report("/v1/findings/events"))["items"]
    assert [item["_taizhang"] for item in feed["items"]] == events[::-1]


async def test_next_url_leads_back_to_the_first(school: District) -> None:
    await find_in_both(school)
    await changes(school, S1, BLOCK + 3)
    seen: set[str] = set()
    address = PATH
    while address:
        parts = urlsplit(address)
        feed = await school.auditor.report(parts.path, **dict(parse_qsl(parts.query)))
        _assert_a_json_feed(feed)
        seen |= {item["id"] for item in feed["items"]}
        address = feed.get("next_url", "")
    assert seen == {f"urn:taizhang:finding-event:{position}" for position in range(1, BLOCK + 6)}


async def test_a_school_reads_its_own_and_is_told_when_it_has_it(school: District) -> None:
    await find_in_both(school)
    answer = await school.school(S2).read(PATH)
    assert {item["_taizhang"]["finding"]["school_id"] for item in answer.json()["items"]} == {S2}
    held = {"If-None-Match": answer.headers["etag"]}
    assert (await school.school(S2).read(PATH, headers=held)).status_code == 304
    assert (await school.auditor.read(PATH, headers=held)).status_code == 200


async def test_an_empty_feed_is_one(school: District) -> None:
    feed = await school.auditor.report(PATH)
    _assert_a_json_feed(feed)
    assert feed["items"] == []
