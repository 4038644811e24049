"""Runs ``pgbench``, from the binaries of the embedded PostgreSQL, and reads its log of transactions."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.load import percentile
from benchmarks.processes import CLIENT
from benchmarks.turns import Turn
from core.db.embedded import EmbeddedServer


def pgbench(
    server: EmbeddedServer,
    role: str,
    database: str,
    script: str,
    *,
    clients: int,
    warm_up: float,
    seconds: float,
    variables: dict[str, int] | None = None,
) -> Turn:
    """Prepared statements, two threads. Raises RuntimeError where a transaction failed."""
    with tempfile.TemporaryDirectory(prefix="tallybook-pgbench-") as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script)
        given = [f"-D{name}={value}" for name, value in (variables or {}).items()]
        lasting = max(1, round(warm_up + seconds + 0.5))  # it knows whole seconds only
        command = [str(server.cluster.bin / "pgbench"), "-n", "-M", "prepared", "-f", str(path)]
        command += ["-c", str(clients), "-j", str(min(2, clients)), "-T", str(lasting)]
        command += ["-l", "--log-prefix", str(Path(folder) / "log"), *given, database]
        busy = _busy_children()
        done = subprocess.run(
            command,
            env={**os.environ, **server.libpq_environment(role)},
            capture_output=True,
            text=True,
            check=False,
        )
        busy = _busy_children() - busy
        failed = "number of failed transactions: 0 " not in done.stdout
        if done.returncode or failed or "aborted" in done.stderr:
            raise RuntimeError(f"pgbench failed: {done.stdout}{done.stderr[:1000]}")
        logs = Path(folder).glob("log*")
        turn = read("".join(log.read_text() for log in logs), warm_up, seconds)
        return replace(turn, cpu={CLIENT: busy})


def _busy_children() -> float:
    """Processor time of the processes that ended, as ``pgbench`` does before it is read."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read(log: str, warm_up: float, seconds: float) -> Turn:
    """Each line names the client, its transaction's number, its microseconds, the script, and the
    second and microsecond of its end."""
    ended: list[tuple[float, float]] = []
    for line in log.splitlines():
        _, _, took, _, second, microsecond, *_ = line.split()
        ended.append((int(second) + int(microsecond) / 1e6, int(took) / 1e6))
    start = min((end - took for end, took in ended), default=0.0) + warm_up
    times = sorted(took for end, took in ended if start <= end <= start + seconds)
    return Turn(
        rate=len(times) / seconds,
        p50=percentile(times, 0.5),
        p99=percentile(times, 0.99),
        total=len(ended),
    )
