"""A district to tell stories in: the ledger API, the audit and reporting over one database, spoken to as clients do."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from fastapi import FastAPI
from joserfc.jwk import ECKey

from services.audit_worker.catalogue import Rule, read_catalogue
from services.audit_worker.engine import audit_once
from services.ledger_api.app import create_app as create_ledger
from services.ledger_api.app import read_signing_key
from services.reporting.app import create_app as create_reporting
from shared.database import open_pool
from shared.settings import Settings
from shared.tokens import issue

Json = dict[str, Any]


class Voice:
    """A signed-in client of both services."""

    def __init__(self, ledger: httpx.AsyncClient, reporting: httpx.AsyncClient, token: str) -> None:
        """`token`: a bearer token."""
        self.token = token
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        self._ledger, self._reporting = ledger, reporting

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request to the ledger API, its answer as it is."""
        headers = self._headers | options.pop("headers", {})
        return await self._ledger.request(method, path, headers=headers, **options)

    async def post(self, resource: str, *records: Json, expect: int = 200, **parameters: str) -> Json:
        """Post records in one request; its answer."""
        answer = await self.send("POST", f"/v1/{resource}", json=list(records), params=parameters)
        assert answer.status_code == expect, answer.text
        body: Json = answer.json()
        return body

    async def get(self, path: str, *, expect: int = 200, **parameters: str) -> Json:
        """Read from the ledger API."""
        answer = await self.send("GET", path, params=parameters)
        assert answer.status_code == expect, answer.text
        body: Json = answer.json()
        return body

    async def delete(self, path: str, *, reason: str, expect: int = 200) -> Json:
        """Take a record back."""
        answer = await self.send("DELETE", path, params={"reason": reason})
        assert answer.status_code == expect, answer.text
        body: Json = answer.json()
        return body

    async def read(self, path: str, *, headers: dict[str, str] | None = None, **parameters: str) -> httpx.Response:
        """Any GET of reporting, its answer as it is."""
        return await self._reporting.get(path, params=parameters, headers=self._headers | (headers or {}))

    async def report(self, path: str, *, expect: int = 200, **parameters: str) -> Json:
        """Read from reporting."""
        answer = await self.read(path, **parameters)
        assert answer.status_code == expect, answer.text
        body: Json = answer.json()
        return body

    async def findings(self, **parameters: str) -> list[Json]:
        """The open findings, all of them."""
        items: list[Json] = (await self.report("/v1/findings", **({"state": "open", "limit": "1000"} | parameters)))[
            "items"
        ]
        return items


@dataclass
class District:
    """The services over one database."""

    database_url: str
    ledger_app: FastAPI
    reporting_app: FastAPI
    ledger: httpx.AsyncClient
    reporting: httpx.AsyncClient
    rules: Sequence[Rule]
    auditor_pool: asyncpg.Pool
    key: ECKey
    # Where the papers lie.
    papers: Path

    @property
    def bureau(self) -> Voice:
        """The education bureau."""
        return self.voice("bureau")

    @property
    def auditor(self) -> Voice:
        """An auditor, who reads the district."""
        return self.voice("auditor")

    def school(self, *school_ids: str) -> Voice:
        """The information system of these schools."""
        return self.voice("school", schools=school_ids)

    def voice(
        self, kind: str, *, schools: Sequence[str] = (), stage: str | None = None, client_id: str | None = None
    ) -> Voice:
        """Somebody with a token."""
        token = issue(self.key, client_id=client_id or f"{kind}-test", kind=kind, schools=schools, stage=stage)
        return Voice(self.ledger, self.reporting, token)

    async def audit(self) -> int:
        """Audit until the outbox is empty; returns how many findings changed."""
        changes = 0
        while (audited := await audit_once(self.auditor_pool, self.rules)).outbox_rows:
            changes += audited.changes
        return changes

    async def fetch(self, query: str, *arguments: object) -> list[Json]:
        """Look into the database as its owner."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()


@asynccontextmanager
async def open_district(
    database_url: str, redis_url: str, signing_key: str, *, rules_config: Path | None = None
) -> AsyncIterator[District]:
    """The services in this process, over a migrated database."""
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="taizhang-papers-")
    papers = folder.name
    settings = Settings(
        _env_file=None,
        attachments_url=Path(papers).as_uri(),
        database_url=database_url,
        redis_url=redis_url,
        token_signing_key=signing_key,
        database_pool_size=4,
    )
    ledger_app, reporting_app = create_ledger(settings), create_reporting(settings)
    with folder:
        async with (
            await open_pool(database_url, role="taizhang_audit", size=2) as pool,
            ledger_app.router.lifespan_context(ledger_app),
            reporting_app.router.lifespan_context(reporting_app),
            _client(ledger_app) as ledger,
            _client(reporting_app) as reporting,
        ):
            yield District(
                database_url=database_url,
                ledger_app=ledger_app,
                reporting_app=reporting_app,
                ledger=ledger,
                reporting=reporting,
                rules=catalogue() if rules_config is None else read_catalogue(rules_config),
                auditor_pool=pool,
                key=read_signing_key(signing_key),
                papers=Path(papers),
            )


@cache
def catalogue() -> Sequence[Rule]:
    """The rules as they come, read once."""
    return read_catalogue()


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://taizhang")


def ndjson(*records: Json) -> bytes:
    """Records as lines."""
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)
