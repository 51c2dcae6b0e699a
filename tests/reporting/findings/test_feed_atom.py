"""The Atom feed, read by feedparser: entries, archives that never change, conditional GET, languages, tenancy."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import feedparser
import httpx

from services.reporting.findings.feed import BLOCK, NEWEST
from tests.world.changes import changes, find_in_both
from tests.world.district import District, Voice
from tests.world.standard import S1, S2, session

PATH = "/v1/findings/feed.atom"
ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"


def _parsed(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    parsed = feedparser.parse(answer.content, response_headers=dict(answer.headers))
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    return parsed


def _link(parsed: Any, relation: str) -> str | None:
    return next((link.href for link in parsed.feed.links if link.rel == relation), None)


async def _follow(voice: Voice, address: str) -> httpx.Response:
    parts = urlsplit(address)
    return await voice.read(parts.path, **dict(parse_qsl(parts.query)))


async def test_a_change_is_an_entry_with_what_atom_requires(school: District) -> None:
    await find_in_both(school)
    answer = await school.auditor.read(PATH)
    assert answer.headers["content-type"] == "application/atom+xml"
    parsed = _parsed(answer)
    root = ET.fromstring(answer.content)  # noqa: S314 our own answer
    for required in ("id", "title", "updated", "author"):
        assert len(root.findall(ATOM + required)) == 1
    assert [entry.id for entry in parsed.entries] == ["urn:taizhang:finding-event:2", "urn:taizhang:finding-event:1"]
    newest = parsed.entries[0]
    assert newest.title.startswith("[")
    assert newest.title.endswith(f"· opened · {S2}")
    assert {tag.term for tag in newest.tags} >= {"A12", "opened", "open", S2}
    events = (await school.auditor.report("/v1/findings/events"))["items"]
    assert newest.published == events[1]["at"].replace("Z", "+00:00")
    assert events[1]["finding"]["explanation"]["en"] in newest.content[0].value
    # A person reads it: the link leads to the page.
    assert newest.link.endswith(f"/#/finding/{events[1]['finding']['finding_id']}")


async def test_archives_lead_back_to_the_first_change_and_none_is_missing(school: District) -> None:
    await find_in_both(school)
    await changes(school, S1, 2 * BLOCK + 7)
    seen: list[str] = []
    documents = 0
    address: str | None = PATH
    while address is not None:
        parsed = _parsed(await _follow(school.auditor, address))
        seen += [entry.id for entry in parsed.entries]
        documents += 1
        address = _link(parsed, "prev-archive")
    assert documents == 3
    assert set(seen) == {f"urn:taizhang:finding-event:{position}" for position in range(1, 2 * BLOCK + 10)}


async def test_an_archive_says_that_it_is_one_and_never_changes(school: District) -> None:
    await find_in_both(school)
    await changes(school, S1, BLOCK)
    before = await school.auditor.read(PATH, archive="0")
    assert ET.fromstring(before.content).find(HISTORY + "archive") is not None  # noqa: S314 our own answer
    assert _link(_parsed(before), "current") == _link(_parsed(await school.auditor.read(PATH)), "self")
    await changes(school, S1, 2 * BLOCK)
    assert (await school.auditor.read(PATH, archive="0")).content == before.content
    assert (await school.auditor.read(PATH, archive="3")).status_code == 404


async def test_the_feed_has_the_newest_though_its_block_has_just_begun(school: District) -> None:
    await find_in_both(school)
    await changes(school, S1, BLOCK - 1)
    assert len(_parsed(await school.auditor.read(PATH)).entries) == NEWEST


async def test_an_archive_without_anything_wanted_is_passed_over(school: District) -> None:
    await find_in_both(school)
    await changes(school, S1, 3 * BLOCK)
    (position,) = await changes(school, S2, 1)
    own = _parsed(await school.school(S2).read(PATH))
    assert [entry.id.rpartition(":")[2] for entry in own.entries] == [str(position), "2"]
    address = _link(own, "prev-archive")
    assert address is not None
    assert dict(parse_qsl(urlsplit(address).query))["archive"] == "0"
    first = _parsed(await _follow(school.school(S2), address))
    assert [entry.id for entry in first.entries] == ["urn:taizhang:finding-event:2"]
    assert _link(first, "prev-archive") is None


async def test_a_reader_that_has_it_is_told_so_until_something_changes(school: District) -> None:
    await find_in_both(school)
    answer = await school.auditor.read(PATH)
    # More may come in the same second: no date yet.
    assert "last-modified" not in answer.headers
    same = await school.auditor.read(PATH, headers={"If-None-Match": f'"other", W/{answer.headers["etag"]}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", answer.headers["etag"])
    await changes(school, S2, 1)
    assert (await school.auditor.read(PATH, headers={"If-None-Match": answer.headers["etag"]})).status_code == 200


async def test_a_reader_that_remembers_only_the_date_is_told_so_too(school: District) -> None:
    await find_in_both(school)
    await changes(school, S1, BLOCK)
    answer = await school.auditor.read(PATH)
    assert answer.headers["last-modified"] == "Wed, 10 Sep 2025 08:03:20 GMT"
    held = {"If-Modified-Since": answer.headers["last-modified"]}
    assert (await school.auditor.read(PATH, headers=held)).status_code == 304
    # Also when the clock was set back.
    await changes(school, S2, 1, since="2025-09-10T08:03:21+00:00")
    assert (await school.auditor.read(PATH, headers=held)).status_code == 200


async def test_filters_are_those_of_the_listing(school: District) -> None:
    await find_in_both(school)
    assert len(_parsed(await school.auditor.read(PATH, school_id=S1)).entries) == 1
    assert len(_parsed(await school.auditor.read(PATH, stage="junior", rule="A12")).entries) == 1
    assert _parsed(await school.auditor.read(PATH, state="cleared")).entries == []
    assert _parsed(await school.auditor.read(PATH, town="川沙新镇")).entries == []
    several = _parsed(await school.reporting.get(f"{PATH}?rule=A12&rule=A01", headers=school.auditor._headers))
    assert len(several.entries) == 2
    assert "rule=A01&rule=A12" in str(_link(several, "self"))
    assert _parsed(await school.auditor.read(PATH, to="2025-09-07")).entries == []
    assert len(_parsed(await school.auditor.read(PATH, **{"from": "2025-09-08"})).entries) == 2
    assert (await school.auditor.read(PATH, severity="grave")).status_code == 422


async def test_it_speaks_chinese_or_english(school: District) -> None:
    await find_in_both(school)
    chinese = await school.auditor.read(PATH, headers={"Accept-Language": "zh-CN"})
    assert "新发现" in _parsed(chinese).entries[0].title
    assert chinese.headers["content-language"] == "zh-CN"
    asked = await school.auditor.read(PATH, language="en", headers={"Accept-Language": "zh-CN"})
    assert "opened" in _parsed(asked).entries[0].title
    # Two languages are two feeds.
    assert _parsed(chinese).feed.id != _parsed(asked).feed.id


async def test_what_a_school_wrote_cannot_break_the_document(school: District) -> None:
    await school.school(S1).post("sessions", session("h1", headcount=0, activity="a<b>&\u0001\u000b\ufffe"))
    await school.audit()
    await school.fetch(
        "update audit.finding_event set finding = jsonb_set(finding, '{wording,explanation,zh}', to_jsonb('<b>&'||chr(11)))"
    )
    parsed = _parsed(await school.auditor.read(PATH, headers={"Accept-Language": "zh-CN"}))
    assert "<b>&\ufffd" in parsed.entries[0].content[0].value


async def test_without_the_scope_there_is_no_feed(school: District) -> None:
    assert (await school.reporting.get(PATH)).status_code == 401
