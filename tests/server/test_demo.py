"""`tallybook demo`: a day through a real server, twice."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.demo.traders import TRADERS

COMMAND = [sys.executable, "-m", "server.cli", "demo", "--port", "0", "--data"]
SECONDS = 60


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tallybook-demo-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_demo_posts_a_day_once(data: Path) -> None:
    first, second = (_once(data) for _ in range(2))
    for trader in TRADERS:
        assert f"{trader.name}: the books tally" in first
        for report in trader.reports:
            assert f"{trader.name}: {report.title}" in first
    assert "380.00" in first, "of the milk, what expires first was sold first"
    assert "cost of sales" in first
    assert second == first, "a second run finds everything there"


def test_demo_serves_and_invites(data: Path, tmp_path: Path) -> None:
    said = tmp_path / "out"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [*COMMAND, str(data)],
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=_hear_interrupts,
        )
    try:
        text = _until(said, "Serving until")
        url = re.search(r"Open (\S+) in a browser", text)
        assert url is not None
        page = httpx.get(url[1], headers={"Accept": "text/html"}).text
        token = re.search(r"Demo 百货: (tb_\S+)", text)
        assert token is not None
        assert token[1] in page
        command = re.search(r"^  (curl .*)$", text, re.MULTILINE)
        assert command is not None
        answer = subprocess.run(command[1], shell=True, capture_output=True, text=True, check=True)
        assert "龙井茶" in answer.stdout
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0, said.read_text()


def _hear_interrupts() -> None:
    """Whoever was started in the background of a shell ignores Ctrl-C, and so does what he starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _once(data: Path) -> str:
    done = subprocess.run(
        [*COMMAND, str(data), "--once"],
        capture_output=True,
        text=True,
        timeout=2 * SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _until(path: Path, words: str) -> str:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if words in (text := path.read_text()):
            return text
        time.sleep(0.1)
    raise AssertionError(path.read_text())
