"""Lists in pages: an opaque cursor is the last row's sort key; the next page begins after it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request
from fastapi.responses import Response

from shared.problems import Refused

# What a sort key is made of in JSON; nothing nested, however deep a cursor may pretend to be.
_Part = str | int | float | bool | None

Limit = Annotated[int, Query(ge=1, le=1000)]


def encode_cursor(position: Sequence[object]) -> str:
    """The sort key of a row as an opaque text."""
    return urlsafe_b64encode(msgspec.json.encode(list(position))).decode().rstrip("=")


def decode_cursor(cursor: str, *types: Any) -> tuple[Any, ...]:
    """The sort key behind a cursor, its parts of these types; raises Refused when it is not one of ours.

    A cursor opens nothing that its reader may not see, so it is not signed: it must be written as we write it.
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        parts = msgspec.json.decode(raw, type=list[_Part])
        position = tuple(msgspec.convert(part, kind) for part, kind in zip(parts, types, strict=True))
    except (Base64Error, ValueError, msgspec.MsgspecError) as error:
        raise _not_ours() from error
    # Base64 and JSON read many spellings; U+0000 is in no key, PostgreSQL does not take it.
    if encode_cursor(parts) != cursor or any(isinstance(part, str) and "\0" in part for part in parts):
        raise _not_ours()
    return position


def _not_ours() -> Refused:
    return Refused("invalid_parameter", name="cursor", reason="not a cursor of this list")


def page_response(request: Request, items: Sequence[object], last: Sequence[object] | None) -> Response:
    """`{"items": …, "next_cursor": …}` with a `Link` to the next page; `last`: the last row's key if more follow."""
    headers = {}
    cursor = encode_cursor(last) if last is not None else None
    if cursor is not None:
        headers["Link"] = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'
    body = msgspec.json.encode({"items": items, "next_cursor": cursor})
    return Response(body, media_type="application/json", headers=headers)
