"""How a command serves one of the HTTP services."""

import gc
import resource

import psycopg
import uvicorn
from fastapi import FastAPI

from shared.migrations import require_newest
from shared.settings import Settings, SettingsInvalid

# More than any service comes to; macOS takes no number without an end.
FILES = 10_000


def serve(application: FastAPI, settings: Settings, port: int) -> None:
    """Until it is asked to end. Raises SettingsInvalid or SchemaMismatch."""
    require_schema(settings.database())
    # What is loaded stays: the collector looks at what requests leave behind, and not at every allocation's turn.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    # A listener to a stream holds a connection for as long as it listens: nearly as many as the system lets us.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if most == resource.RLIM_INFINITY else min(most, FILES), most))
    uvicorn.run(
        application,
        host=settings.bind,
        port=port,
        log_level="warning",
        access_log=False,
        http="httptools",
        loop="uvloop",
        timeout_graceful_shutdown=5,
    )


def require_schema(database_url: str) -> None:
    """Raises SchemaMismatch before the database is migrated, SettingsInvalid when it does not answer."""
    try:
        require_newest(database_url)
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        raise SettingsInvalid(f"PostgreSQL does not answer at TAIZHANG_DATABASE_URL: {said}") from error
