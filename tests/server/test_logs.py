"""Logs of several processes on one stream: each line stays whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import structlog
from server import logs
logs.configure()
log = structlog.get_logger()
for n in range(1000):
    log.warning("said", n=n, long="x" * 9_000)
"""


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("ab") as log:
        talking = [subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=log) for _ in range(4)]
        assert [process.wait(60) for process in talking] == [0] * 4
    lines = [json.loads(line)["n"] for line in path.read_text().splitlines()]
    assert sorted(lines) == sorted([*range(1000)] * 4)
