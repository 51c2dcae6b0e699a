"""The client for programs that do other things while they wait: the same methods, to be awaited."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from taizhang.client.batches import BATCH_BYTES, Batch, Cutter, Record
from taizhang.client.patience import Attempts, Patience
from taizhang.client.problems import Conflict, Problem, problem_of
from taizhang.client.receipts import Receipt
from taizhang.client.requests import (
    NDJSON,
    Asked,
    Mode,
    Page,
    Parameter,
    lines_of,
    path_of,
    records_asked,
    step_asked,
)


class AsyncClient:
    """One of the two HTTP services, for one who is signed in. Tasks may share it; close it, or use it in an `async with`."""

    def __init__(
        self,
        url: str,
        signed_in: httpx.Auth,
        *,
        language: str = "en",
        patience: Patience | None = None,
        timeout_seconds: float = 120.0,
        trust_env: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`language`: of problems, `zh-CN` or `en`. `trust_env`: go through the proxy that the environment names."""
        self._http = httpx.AsyncClient(
            base_url=url,
            auth=signed_in,
            timeout=timeout_seconds,
            trust_env=trust_env,
            transport=transport,
            headers={"Accept-Language": language},
        )
        self._patience = patience or Patience()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def post(
        self, resource: str, records: Record | Sequence[Record], *, mode: Mode = "atomic", dry_run: bool = False
    ) -> Receipt:
        """Send one record or several of a resource in one batch; with `dry_run`, only look at them. Raises Refused."""
        return await self.send(resource, lines_of(records), content_type=NDJSON, mode=mode, dry_run=dry_run)

    async def send(
        self,
        resource: str,
        content: bytes,
        *,
        content_type: str = NDJSON,
        mode: Mode = "atomic",
        dry_run: bool = False,
    ) -> Receipt:
        """Send a body as it stands: NDJSON, `application/json` or `text/csv`. Raises Refused."""
        asked = records_asked(resource, content, content_type, mode=mode, dry_run=dry_run)
        return Receipt.read((await self._answer(asked)).json())

    async def upload(
        self,
        resource: str,
        records: Iterable[Record] | AsyncIterable[Record],
        *,
        mode: Mode = "atomic",
        batch_bytes: int = BATCH_BYTES,
    ) -> AsyncIterator[Receipt]:
        """Send any number of records, a batch after the other; a receipt for each batch as it lands.

        Places of errors are counted through all records. Raises Refused; the batches before it have landed, and if all is
        sent again they are unchanged.
        """
        async for batch in _batches_of(records, batch_bytes):
            try:
                receipt = await self.send(resource, batch.content, mode=mode)
            except Problem as problem:
                raise problem.moved(batch.first) from problem
            yield receipt.moved(batch.first)

    async def get(self, path: str, **parameters: Parameter) -> Any:
        """The JSON at a path, e.g. `/v1/schools/3101150001`, or `schools/3101150001` for short. Raises NotFound."""
        return (await self._answer(Asked("GET", path_of(path), parameters))).json()

    async def pages(self, path: str, **parameters: Parameter) -> AsyncIterator[Page]:
        """A list, page by page; `limit` sets how many are on one, `cursor` where to begin."""
        while True:
            page = Page.read(await self.get(path, **parameters))
            yield page
            if page.next_cursor is None:
                return
            parameters["cursor"] = page.next_cursor

    async def items(self, path: str, **parameters: Parameter) -> AsyncIterator[dict[str, Any]]:
        """A list, item by item, to its end."""
        async for page in self.pages(path, **parameters):
            for item in page.items:
                yield item

    async def step(self, path: str, content: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """A step of a document, e.g. `plans/P1/steps`. Raises Conflict where the document's state has no such step.

        `key`: by which it is taken once; a program that may be started again in between keeps its own.
        """
        return (await self._answer(step_asked(path, content, key))).json()

    async def void(self, path: str, *, reason: str) -> Receipt | None:
        """Take a record back, e.g. `sessions/3101150001/s1`; its history stays. None where it was taken back before."""
        try:
            return Receipt.read((await self._answer(Asked("DELETE", path_of(path), {"reason": reason}))).json())
        except Conflict as conflict:
            if conflict.code != "already_void":
                raise
            return None

    async def _answer(self, asked: Asked) -> httpx.Response:
        attempts = Attempts(self._patience)
        while True:
            try:
                answer = await self._http.send(asked.to(self._http))
                if answer.is_success:
                    return answer
                raise problem_of(answer)
            except (Problem, httpx.TransportError) as failure:
                pause_seconds = attempts.pause_seconds_after(failure)
            await asyncio.sleep(pause_seconds)


async def _batches_of(records: Iterable[Record] | AsyncIterable[Record], longest_bytes: int) -> AsyncIterator[Batch]:
    cutter = Cutter(longest_bytes)
    async for record in _awaited(records):
        if (full := cutter.take(record)) is not None:
            yield full
    if (last := cutter.rest()) is not None:
        yield last


async def _awaited(records: Iterable[Record] | AsyncIterable[Record]) -> AsyncIterator[Record]:
    if isinstance(records, AsyncIterable):
        async for record in records:
            yield record
    else:
        for record in records:
            yield record
