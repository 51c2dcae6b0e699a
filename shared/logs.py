"""Logs: events in the past tense with fields, one line each; none of them names a pupil, a teacher or a secret."""

import logging
import re
from typing import Literal

import structlog

# What PostgreSQL adds to an error quotes rows and values.
_QUOTED_ROWS = re.compile(r"^.*\b(?:DETAIL|CONTEXT|HINT):.*$", re.MULTILINE)


def without_rows(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The event without the rows that an error of the database quotes."""
    return {
        name: _QUOTED_ROWS.sub("(rows left out)", value) if isinstance(value, str) else value
        for name, value in event.items()
    }


def configure_logs(log_format: Literal["console", "json"], *, service: str) -> None:
    """Send structlog and the standard library's records through one renderer, with the service's name on each."""

    # Not bound to the context: a server answers requests in contexts of their own.
    def named(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"service": service, **event}

    shared: list[structlog.typing.Processor] = [
        named,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        # The pretty tracebacks show local variables: records of pupils, and the database's password.
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, without_rows, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without_rows,
                renderer,
            ],
        ),
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
