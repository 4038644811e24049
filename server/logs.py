"""Logs: one JSON object a line on standard error, so that no text in them can forge another line."""

from __future__ import annotations

import logging
import sys
from copy import deepcopy
from typing import Any

import structlog
from uvicorn.config import LOGGING_CONFIG


def configure() -> None:
    """Set up logging for this process. Tracebacks come without the values of variables: those may be
    other people's data."""
    # It warns of every pipeline that ends with an error, which whoever sent the pipeline raises anyway.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        # A line and its end in one write: workers share the stream, and printing does it in two.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def to_standard_error() -> dict[str, Any]:
    """uvicorn's logs, the access log included, on standard error: standard output carries what scripts
    read, and a reader who takes only the address from it must not stop the server by a full pipe."""
    config = deepcopy(LOGGING_CONFIG)
    config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    return config
