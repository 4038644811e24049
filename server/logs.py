"""Logs: one JSON object a line on standard error, so that no text in them can forge another line."""

from __future__ import annotations

import sys

import structlog


def configure() -> None:
    """Set up logging for this process. Tracebacks come without the values of variables: those may be
    other people's data."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
