"""How a command serves one of the HTTP services."""

import gc

import uvicorn
from fastapi import FastAPI

from shared.settings import Settings


def serve(application: FastAPI, settings: Settings, port: int) -> None:
    """Until it is asked to end."""
    settings.stores()
    # What is loaded stays: the collector looks at what requests leave behind, and not at every allocation's turn.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
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
