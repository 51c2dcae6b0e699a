"""What both clients send and read, without sending it: the requests, and the pages of a list. Pure."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import httpx

from taizhang.client.batches import Record

Mode = Literal["atomic", "partial"]
Parameter = str | int | bool | None
NDJSON = "application/x-ndjson"
# A name for records, or the whole path of anything else.
VERSION_PREFIX = "/v1/"


@dataclass(frozen=True)
class Asked:
    """One request, not yet sent."""

    method: str
    path: str
    parameters: Mapping[str, Parameter]
    content: bytes | None = None
    headers: Mapping[str, str] | None = None

    def to(self, http: "httpx.Client | httpx.AsyncClient") -> httpx.Request:
        """The request as this client's connection sends it."""
        given = {name: value for name, value in self.parameters.items() if value is not None}
        return http.build_request(
            self.method, self.path, params=given, content=self.content, headers=dict(self.headers or {})
        )


@dataclass(frozen=True)
class Page:
    """One page of a list. next_cursor: where the next begins; None on the last."""

    items: Sequence[dict[str, Any]]
    next_cursor: str | None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Page":
        """From the JSON of an answer."""
        return cls(said["items"], said.get("next_cursor"))


def path_of(resource: str) -> str:
    """`sessions` is `/v1/sessions`; a path stays what it is."""
    return resource if resource.startswith("/") else f"{VERSION_PREFIX}{resource}"


def records_asked(resource: str, content: bytes, content_type: str, *, mode: Mode, dry_run: bool) -> Asked:
    """A batch of records, compressed."""
    return Asked(
        "POST",
        path_of(resource),
        {"mode": mode, "dry_run": True if dry_run else None},
        gzip.compress(content, 1),
        {"Content-Type": content_type, "Content-Encoding": "gzip"},
    )


def step_asked(path: str, content: Mapping[str, Any] | None, key: str | None) -> Asked:
    """A step of a document, with a key by which it is taken once however often it is sent."""
    return Asked(
        "POST",
        path_of(path),
        {},
        json.dumps(content or {}, ensure_ascii=False).encode(),
        {"Content-Type": "application/json", "Idempotency-Key": key or str(uuid4())},
    )


def lines_of(records: Record | Sequence[Record]) -> bytes:
    """One record or several as NDJSON."""
    several = [records] if isinstance(records, Mapping) else records
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in several)
