"""The endpoints that every register, day, duty and document has: post in bulk, list, read one, its history, void."""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Generic

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.ledger_api.dependencies import (
    BulkOptions,
    Ledger,
    LedgerReader,
    Reason,
    StepTaker,
    Writer,
    answer_with,
    reads_as,
    receive,
    sender_of,
    writes_as,
)
from services.ledger_api.ingest.append import Ledger as LedgerWriterOfFacts
from services.ledger_api.ingest.batch import Sender
from services.ledger_api.ingest.decode import Decoded
from services.ledger_api.ingest.receipt import Receipt
from services.ledger_api.ingest.resource import Payload, Resource
from services.ledger_api.led import Led, load_all
from services.ledger_api.machines import Machine
from services.ledger_api.steps import (
    Key,
    StepReceipt,
    history_of,
    read_step,
    refuse_unless_read,
    standing,
    standing_of,
    step_body,
    take_step,
)
from shared.asgi import AsOf, requires
from shared.database import reading
from shared.pagination import Limit, decode_cursor, page_response
from shared.problems import Fault, Invalid, Refused
from shared.readings import note_reading
from shared.tokens import Caller

_LIST = """
    select school_id, key, revision, content, recorded_at
    from ledger.entry_as_of(coalesce($6, 'infinity'::timestamptz))
    where
        resource = $1
        and ($2::text is null or school_id = $2)
        and (school_id, key) > ($3, $4)
    order by school_id, key
    limit $5
"""
# Of what an office keeps, the key begins with the school; what is planned there is listed until it is the school's to know.
_LIST_AT_OFFICES = """
    select school_id, key, revision, content, recorded_at
    from ledger.entry_as_of(coalesce($6, 'infinity'::timestamptz)) as kept
    where
        resource in ($1, $7)
        and ($2::text is null or school_id = $2 or starts_with(key, $2 || '/'))
        and (school_id, key) > ($3, $4)
        and not (
            resource = $7
            and exists (
                select from ledger.entry as begun
                where
                    begun.school_id = split_part(kept.key, '/', 1)
                    and begun.resource = $1
                    and begun.key = substr(kept.key, strpos(kept.key, '/') + 1)
            )
        )
    order by school_id, key
    limit $5
"""
_REVISIONS = """
    select
        entry.school_id, entry.revision, entry.state, entry.content, entry.reason, entry.recorded_at, entry.batch_id, batch.client_id,
        entry.service_date
    from ledger.entry
    inner join ledger.batch using (batch_id)
    where (
            entry.resource = $1 and ($2::text is null or entry.school_id = $2) and entry.key = $3
            or entry.resource = $5 and entry.key = $2 || '/' || $3
        )
        and ($4::timestamptz is null or entry.recorded_at <= $4)
    order by entry.resource = $1 desc, entry.revision desc
"""
_NEWEST = """
    select school_id, resource, key, state, service_date
    from ledger.entry
    where resource = $1 and ($2::text is null or school_id = $2) and key = $3
        or resource = $4 and key = $2 || '/' || $3
    order by resource = $1 desc, revision desc
    limit 1
"""

_PAPERS = "select distinct sha256 from ledger.attachment where sha256 = any ($1)"
# Of a paper that is kept here. One that its school keeps has a number, an address, or `urn:sha256:` before its digest.
_is_digest = re.compile(r"[0-9a-f]{64}").fullmatch

# What else the records of one request must be before they are appended, asked of the ledger; gives them back as they are
# to be kept. Raises Invalid or Refused.
Before = Callable[[LedgerWriterOfFacts, Decoded[Any], Sender], Awaitable[Decoded[Any]]]


def body_schema(*payloads: type[msgspec.Struct]) -> dict[str, Any]:
    """The request body of a bulk endpoint for its OpenAPI operation."""
    schemas, components = msgspec.json.schema_components(payloads, ref_template="#/components/schemas/{name}")
    one = schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
    body = {
        "application/json": {"schema": {"anyOf": [one, {"type": "array", "items": one}]}},
        "application/x-ndjson": {"schema": {"type": "string", "description": "one JSON object a line"}},
        "text/csv": {"schema": {"type": "string", "description": "a header of field names, one record a row"}},
    }
    return {"requestBody": {"required": True, "content": body}, "x-components": components}


# Keys that are unique in the district: their path needs no school.
GLOBAL_KEYS = frozenset({"schools", "staff", "students"})


def entry_router(
    resource: Resource[Payload],
    *,
    scope: str,
    or_scope: str | None = None,
    readers: Collection[str] | None = None,
    machine: Machine | None = None,
    onto: APIRouter | None = None,
    writers: Collection[str] | None = None,
    secret: bool = False,
    before: Before | None = None,
) -> APIRouter:
    """The endpoints of one resource; writing needs `scope` (or `or_scope`), reading what the caller may see.

    `readers`: the only kinds of client that read it; for others there is no such record (404). None: every kind.
    `machine`: its steps, where it has any. `writers`: the only kinds that write it, of those with the scope (403 for others).
    `secret`: for others there is nothing to be written either (404). `onto`: a router with endpoints of the resource's own,
    the one that posts among them; they come first. `before`: what is asked of the ledger before records are appended.
    """
    router = onto or APIRouter(prefix=f"/v1/{resource.name}", tags=[resource.name])
    endpoints = _Endpoints(resource, machine, before)
    under_school = resource.home.startswith("school_id") and resource.name not in GLOBAL_KEYS
    one = "/{school_id}/{key:path}" if under_school else "/{key:path}"
    writers_only = [Depends(requires(*filter(None, (scope, or_scope))))]
    readers_only = [] if readers is None else [Depends(reads_as(readers))]
    if writers is not None:
        writers_only = [*writers_only, Depends(writes_as(writers, resource.name))]
    if secret:
        writers_only = [*readers_only, *writers_only]
    if onto is None:
        router.add_api_route(
            "",
            endpoints.post,
            methods=["POST"],
            response_model=Receipt,
            dependencies=writers_only,
            openapi_extra=body_schema(resource.payload),
        )
    router.add_api_route("", endpoints.list_current, methods=["GET"], response_model=None, dependencies=readers_only)
    # Before the record itself, whose key would take it in.
    if machine is not None:
        add_steps(router, resource, machine, readers=readers)
    router.add_api_route(
        f"{one}/revisions", endpoints.list_revisions, methods=["GET"], response_model=None, dependencies=readers_only
    )
    router.add_api_route(one, endpoints.get_one, methods=["GET"], response_model=None, dependencies=readers_only)
    if machine is not None and under_school:
        # By its own key alone, where the caller sees one school's.
        router.add_api_route(
            "/{key}", endpoints.get_one, methods=["GET"], response_model=None, dependencies=readers_only
        )
    router.add_api_route(one, endpoints.delete_one, methods=["DELETE"], dependencies=writers_only)
    return router


class _Endpoints(Generic[Payload]):
    """What the endpoints of one resource do."""

    def __init__(self, resource: Resource[Payload], machine: Machine | None, before: Before | None) -> None:
        self._resource = resource
        self._machine = machine
        self._before = before

    async def post(self, request: Request, caller: Writer, ledger: Ledger, bulk: BulkOptions) -> Response:
        """Record one or many, each a new record, a new revision or unchanged."""
        return await receive(
            request,
            caller,
            ledger,
            resource=self._resource.name,
            choose=lambda _raw: self._resource.payload,
            append=lambda decoded, sender: self._append(ledger, decoded, sender),
            bulk=bulk,
        )

    async def _append(self, ledger: Ledger, decoded: Decoded[Payload], sender: Sender) -> Receipt:
        await refuse_missing_papers(self._resource, ledger, decoded, sender)
        if self._before is not None:
            decoded = await self._before(ledger, decoded, sender)
        return await ledger.append_entries(self._resource, decoded, sender)

    async def list_current(
        self,
        caller: LedgerReader,
        ledger: Ledger,
        request: Request,
        school_id: str | None = None,
        as_of: AsOf = None,
        cursor: Annotated[str | None, Query()] = None,
        limit: Limit = 100,
    ) -> Response:
        """What holds now, or held at `as_of`, in the order of school and key."""
        after_school, after_key = decode_cursor(cursor, str, str) if cursor else ("", "")
        async with reading(ledger.pool, caller.visible) as connection:
            asked = (self._resource.name, school_id, after_school, after_key, limit + 1, as_of)
            if self._resource.home == "office" or self._resource.planned_as is not None:
                rows = await connection.fetch(_LIST_AT_OFFICES, *asked, self._resource.planned_as)
            else:
                rows = await connection.fetch(_LIST, *asked)
            places = [(row["school_id"], row["key"]) for row in rows[:limit]]
            led = [] if self._machine is None else await load_all(connection, self._machine, places, as_of=as_of)
        await note_reading(ledger.pool, request, caller, self._resource.name, [school for school, _key in places])
        items = [_shown(row["content"], row["revision"], row["recorded_at"]) for row in rows[:limit]]
        items = [_stating(item, each) for item, each in zip(items, led, strict=True)] if led else items
        last = (rows[limit - 1]["school_id"], rows[limit - 1]["key"]) if len(rows) > limit else None
        return page_response(request, items, last)

    async def get_one(
        self,
        request: Request,
        caller: LedgerReader,
        ledger: Ledger,
        key: str,
        school_id: str | None = None,
        as_of: AsOf = None,
    ) -> Response:
        """The record as it holds now, or as the ledger knew it at `as_of`; where it has steps, with where it stands."""
        if self._machine is not None:
            led = await standing_of(ledger, self._machine, key, caller, school_id=school_id, as_of=as_of)
            return _answered(
                request, _led_shown(led, caller), f'"{led.revision}.{len(led.taken) + len(led.decisions)}"'
            )
        rows = await self._revisions(ledger, caller, school_id, key, as_of)
        if rows[0]["state"] == "void":
            raise Refused("not_found")
        await note_reading(ledger.pool, request, caller, self._resource.name, [rows[0]["school_id"]], of_one=True)
        shown = _shown(rows[0]["content"], rows[0]["revision"], rows[0]["recorded_at"])
        return _answered(request, shown, f'"{rows[0]["revision"]}"')

    async def list_revisions(
        self, request: Request, caller: LedgerReader, ledger: Ledger, key: str, school_id: str | None = None
    ) -> Response:
        """Its history: who recorded what when, and why; the newest first."""
        rows = await self._revisions(ledger, caller, school_id, key, None)
        schools = [row["school_id"] for row in rows]
        await note_reading(ledger.pool, request, caller, self._resource.name, schools, of_one=True)
        return items_response([_revision(row) for row in rows])

    async def _revisions(
        self, ledger: Ledger, caller: Caller, school_id: str | None, key: str, as_of: datetime | None
    ) -> list[Any]:
        """All revisions, newest first; raises Refused (404) when there is none to be seen."""
        async with reading(ledger.pool, caller.visible) as connection:
            rows: list[Any] = await connection.fetch(
                _REVISIONS, self._resource.name, school_id, key, as_of, self._resource.planned_as
            )
        if not rows:
            raise Refused("not_found")
        return rows

    async def delete_one(
        self,
        request: Request,
        caller: Writer,
        ledger: Ledger,
        key: str,
        reason: Reason,
        school_id: str | None = None,
    ) -> Receipt:
        """Append a void revision; nothing is ever removed."""
        async with reading(ledger.pool, caller.visible) as connection:
            row = await connection.fetchrow(_NEWEST, self._resource.name, school_id, key, self._resource.planned_as)
        if row is None:
            raise Refused("not_found")
        if row["state"] == "void":
            raise Refused("already_void")
        return await ledger.void_entry(
            replace(self._resource, name=row["resource"]),
            row["school_id"],
            row["key"],
            service_date=row["service_date"],
            reason=reason,
            sender=sender_of(request, caller),
        )


async def refuse_missing_papers(
    resource: Resource[Payload], ledger: LedgerWriterOfFacts, decoded: Decoded[Payload], sender: Sender
) -> None:
    """Raises Invalid where a record names an attachment, by its digest, that the sender cannot see here."""
    named = [
        (digest, decoded.pointer(index, *steps))
        for index, record in enumerate(decoded.records)
        for steps, digest in resource.papers_named(record)
        if _is_digest(digest)
    ]
    if not named:
        return
    async with reading(ledger.pool, sender.caller.visible) as connection:
        kept = await connection.fetch(_PAPERS, [digest for digest, _at in named])
    there = {row["sha256"] for row in kept}
    missing = [Fault(at, "unknown_attachment", {"sha256": each}) for each, at in named if each not in there]
    if missing:
        raise Invalid(missing)


def _shown(content: str, revision: int, recorded_at: datetime) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.json.decode(content)
    return {**shown, "revision": revision, "recorded_at": recorded_at}


def _led_shown(led: Led, caller: Caller) -> dict[str, Any]:
    """A document with its state, history and what the caller can do next."""
    shown = _shown(led.posted[-1]["content"], led.revision, led.versions[-1].recorded_at)
    return {**_stating(shown, led), **standing(led, caller)}


def _stating(shown: dict[str, Any], led: Led) -> dict[str, Any]:
    """A document with its state and the hash of its content, which is its `content_hash` where it says none of its own."""
    digest = led.content_hash
    return {
        **shown,
        "content_hash": shown.get("content_hash") or digest,
        "content_digest": digest,
        "state": led.state,
    }


def _answered(request: Request, shown: dict[str, Any], etag: str) -> Response:
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return _json(shown, etag)


def _revision(row: Any) -> dict[str, Any]:
    return {
        "revision": row["revision"],
        "state": row["state"],
        "content": msgspec.Raw(row["content"].encode()),
        "reason": row["reason"],
        "recorded_at": row["recorded_at"],
        "recorded_by": row["client_id"],
        "batch_id": str(row["batch_id"]),
    }


def add_steps(
    router: APIRouter, resource: Resource[Any], machine: Machine, *, readers: Collection[str] | None = None
) -> None:
    """`POST` and `GET …/{id}/steps` of one resource; `{id}` alone, or `{school_id}/{id}`."""
    body = step_body(machine, resource.payload)

    async def take(
        request: Request, caller: StepTaker, ledger: Ledger, document: str, idempotency_key: Key = None
    ) -> Response:
        """Take the next step of the document: who may, and what each needs, is in `possible` of the document."""
        refuse_unless_read(readers, caller)
        await standing_of(ledger, machine, document, caller, school_id=None, as_of=None)
        given = await read_step(request, body, idempotency_key)
        return answer_with(await take_step(ledger, resource, machine, document, given, sender_of(request, caller)))

    async def history(caller: LedgerReader, ledger: Ledger, document: str) -> Response:
        """What was done with the document: who, when, why, about which content; the first of it first."""
        refuse_unless_read(readers, caller)
        led = await standing_of(ledger, machine, document, caller, school_id=None, as_of=None)
        return items_response(history_of(led))

    path = "/{document:path}/steps"
    router.add_api_route(
        path, take, methods=["POST"], response_model=StepReceipt, openapi_extra=body_schema(body),
    )  # fmt: skip
    router.add_api_route(path, history, methods=["GET"], response_model=None)


def items_response(items: Sequence[object]) -> Response:
    """A list that is no longer than a page."""
    return _json({"items": items, "next_cursor": None})


def _json(body: object, etag: str | None = None) -> Response:
    headers = {"ETag": etag} if etag else {}
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)
