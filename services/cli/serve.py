"""How a command serves one of the HTTP services."""

import gc
import resource

import uvicorn
from fastapi import FastAPI

from shared.settings import Settings

# More than any service comes to; macOS takes no number without an end.
FILES = 10_000


def serve(application: FastAPI, settings: Settings, port: int) -> None:
    """Until it is asked to end."""
    settings.stores()
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
