"""A cursor is the place after a row; only one that a list gave out opens a page."""

from base64 import urlsafe_b64encode
from datetime import date, datetime
from typing import Any

import msgspec
import pytest
from fastapi import Request
from hypothesis import example, given
from hypothesis import strategies as st

from shared.pagination import decode_cursor, encode_cursor, page_response
from shared.problems import Refused

keys = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def cursor_of(raw: bytes) -> str:
    """Any bytes in a cursor's dress."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def request_of(query: str) -> Request:
    """A request for a page of the sessions."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "https",
            "server": ("ledger.example", 443),
            "path": "/v1/sessions",
            "query_string": query.encode(),
            "headers": [],
        }
    )


@given(keys, st.dates(), keys)
def test_a_position_comes_back_from_its_cursor(school_id: str, day: date, session_id: str) -> None:
    assert decode_cursor(encode_cursor((school_id, day, session_id)), str, date, str) == (school_id, day, session_id)


@given(keys, st.integers(0, 2**62))
def test_a_cursor_stands_in_an_address_as_it_is(key: str, position: int) -> None:
    assert set(encode_cursor((key, position))) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


@given(st.text(max_size=60) | st.binary(max_size=60).map(cursor_of))
@example("")
@example("已")
@example(cursor_of(b"[" * 9000 + b"]" * 9000))
@example(cursor_of(b"[1e999]"))
@example(cursor_of(b"[" + b"9" * 6000 + b"]"))
@example(cursor_of(b'["\\ud800"]'))
@example(cursor_of(b'["\\u0000"]'))
@example(cursor_of(b'[["3101150001"]]'))
def test_a_cursor_that_no_list_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(Refused) as refused:
        decode_cursor(cursor, str)
    assert (refused.value.status, refused.value.code) == (422, "invalid_parameter")
    assert refused.value.values["name"] == "cursor"


@given(keys, st.dates(), st.data())
def test_a_tampered_cursor_is_refused_or_another_whole_position(key: str, day: date, data: st.DataObject) -> None:
    cursor = encode_cursor((key, day))
    place = data.draw(st.integers(0, len(cursor) - 1))
    tampered = cursor[:place] + data.draw(st.characters()) + cursor[place + data.draw(st.integers(0, 1)) :]
    try:
        position = decode_cursor(tampered, str, date)
    except Refused:
        return
    assert encode_cursor(position) == tampered


@pytest.mark.parametrize("tail", ["=", "!", " ", "\n", "A", "AAAA"])
def test_a_cursor_with_a_tail_is_refused(tail: str) -> None:
    with pytest.raises(Refused):
        decode_cursor(encode_cursor(("3101150001",)) + tail, str)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_cursor_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(Refused):
        decode_cursor(encode_cursor(("3101150001", date(2025, 9, 8)))[:-cut], str, date)


@pytest.mark.parametrize("types", [(str,), (str, str, str), (str, int), (date, date), (str, datetime)])
def test_the_cursor_of_another_list_is_refused(types: tuple[type, ...]) -> None:
    with pytest.raises(Refused):
        decode_cursor(encode_cursor(("3101150001", date(2025, 9, 8))), *types)


def test_a_full_page_links_to_the_next_and_keeps_what_was_asked() -> None:
    answer = page_response(request_of("school_id=3101150001&limit=2"), [{"key": "h1"}, {"key": "h2"}], ("h2",))
    cursor = encode_cursor(("h2",))
    assert msgspec.json.decode(answer.body) == {"items": [{"key": "h1"}, {"key": "h2"}], "next_cursor": cursor}
    address = f"https://ledger.example/v1/sessions?school_id=3101150001&limit=2&cursor={cursor}"
    assert answer.headers["link"] == f'<{address}>; rel="next"'


def test_the_next_page_replaces_the_cursor_in_the_link() -> None:
    before, after = encode_cursor(("h2",)), encode_cursor(("h4",))
    answer = page_response(request_of(f"cursor={before}"), [{"key": "h4"}], ("h4",))
    assert answer.headers["link"] == f'<https://ledger.example/v1/sessions?cursor={after}>; rel="next"'


def test_the_last_page_links_to_nothing() -> None:
    nothing_more: Any = page_response(request_of(""), [], None)
    assert msgspec.json.decode(nothing_more.body) == {"items": [], "next_cursor": None}
    assert "link" not in nothing_more.headers
