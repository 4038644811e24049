"""Where the microseconds of one posting go, as seen in a server that is watched (``traced``)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.lab import Lab
from benchmarks.serving import START_SECONDS, started


@dataclass(frozen=True, slots=True)
class Step:
    """Microseconds of one document: in Python, and waiting for so many statements; ``busy`` of both is
    processor time of the server's thread."""

    name: str
    python: float
    database: float
    busy: float
    statements: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All steps and what they come to; ``outside`` is what the client waited beyond the application: the
    HTTP parser, the loop, the sockets and the client itself. ``gone`` names what could not be watched."""

    steps: list[Step]
    outside: float
    total: float
    documents: int
    gone: list[str]


def breakdown(lab: Lab) -> Breakdown:
    """One client posts, one document at a time, in the watched server."""
    environment = {"TALLYBOOK_DATA": str(lab.folder)}
    with started(["-m", "benchmarks.traced"], lab.folder, "traced", environment) as serving:
        _spans(serving.url)
        lab.load(serving.url, "uniform", 1, salt=901)
        _spans(serving.url)
        seen = lab.load(serving.url, "uniform", 1, salt=902, warm_up=0)
        told = _spans(serving.url)
    return _of(told, seen.mean * 1e6)


def _of(told: dict[str, Any], mean: float) -> Breakdown:
    count = max(1, told["requests"])
    python, database, busy, statements = (
        {name: value / count for name, value in told[key].items()}
        for key in ("python", "database", "busy", "statements")
    )
    steps = [
        Step(
            name,
            python.get(name, 0.0) * 1e6,
            database.get(name, 0.0) * 1e6,
            busy.get(name, 0.0) * 1e6,
            statements.get(name, 0.0),
        )
        for name in sorted(
            {*python, *database},
            key=lambda name: -(python.get(name, 0.0) + database.get(name, 0.0)),
        )
    ]
    inside = sum(step.python + step.database for step in steps)
    return Breakdown(steps, mean - inside, mean, told["requests"], told["gone"])


def _spans(url: str) -> dict[str, Any]:
    """What was booked since the last time; waits until the server answers."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            told: dict[str, Any] = httpx.get(url.replace("/graphql", "/spans")).json()
            return told
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
