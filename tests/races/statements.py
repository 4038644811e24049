"""What a server sent to the database, as the database itself wrote it down: its log, with every statement
and the transaction it belonged to."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from core.db.cluster import Cluster
from core.db.embedded import SUPERUSER
from tests.serving import RunningServer

_PREFIX = "<%p %v> "
_LINE = re.compile(r"^<(\d+) (\S*)> (\w+):  (?:(?:statement|execute [^:]*): )?(.*)$")
_SETTLE_SECONDS = 0.5


@dataclass
class Sent:
    """The statements of one transaction in order, and the values that went with them."""

    statements: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Log:
    """The log from where recording began."""

    path: Path
    start: int

    def transactions(self) -> list[Sent]:
        """All transactions so far, in the order they began."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return list(parsed(file.read().decode("utf-8", "replace")).values())


def parsed(log: str) -> dict[tuple[str, str], Sent]:
    """Transactions by process and virtual transaction; what is long goes on behind a tab."""
    found: dict[tuple[str, str], Sent] = {}
    for line in log.replace("\n\t", " ").splitlines():
        if (match := _LINE.match(line)) is None or not match[2]:
            continue
        sent = found.setdefault((match[1], match[2]), Sent())
        if match[3] == "LOG":
            sent.statements.append(match[4])
        elif match[3] == "DETAIL":
            sent.values.append(match[4])
    return found


@contextmanager
def recorded(server: RunningServer) -> Iterator[Log]:
    """Have the database write down every statement meanwhile, of all connections."""
    embedded = server.address.embedded
    assert embedded is not None, "the log of another's server cannot be read"
    cluster: Cluster = embedded.cluster
    with psycopg.connect(embedded.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        _set(connection, f"SET log_line_prefix = '{_PREFIX}'", "SET log_statement = 'all'")
        try:
            yield Log(cluster.log, cluster.log.stat().st_size)
        finally:
            _set(connection, "RESET log_statement", "RESET log_line_prefix")


def _set(connection: psycopg.Connection, *changes: str) -> None:
    for change in changes:
        connection.execute(f"ALTER SYSTEM {change}".encode())
    connection.execute(b"SELECT pg_reload_conf()")
    time.sleep(_SETTLE_SECONDS)  # a backend follows with its next command, once it has the signal
