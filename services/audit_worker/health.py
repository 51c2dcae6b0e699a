"""The worker's own door, where a setting opens it: `/livez`, `/readyz`, `/metrics`, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI

from shared.asgi import RequestContext, answer_health, answer_problems


class _Server(uvicorn.Server):
    """A server in somebody else's loop: signals are the worker's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def answer_health_of(pool: asyncpg.Pool, bind: str, port: int) -> None:
    """Answer until cancelled. Raises SystemExit, as uvicorn does, when the port is taken."""

    async def ready() -> bool:
        return bool(await pool.fetchval("select true", timeout=1))

    app = FastAPI(title="Taizhang audit worker", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(RequestContext)
    answer_problems(app)
    answer_health(app, ready=ready)
    config = uvicorn.Config(app, host=bind, port=port, log_level="warning", access_log=False, log_config=None)
    await _Server(config).serve()
