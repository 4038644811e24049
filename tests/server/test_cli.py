"""The command line as scripts see it: names, exit codes, standard output; one sentence on failure."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = [sys.executable, "-m", "server.cli"]


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data folder with a running server, so that commands do not start one each."""
    folder = Path(tempfile.mkdtemp(prefix="tallybook-cli-"))
    assert _run(folder, "db", "start").returncode == 0
    yield folder
    assert _run(folder, "db", "stop").returncode == 0
    shutil.rmtree((folder / "postgres").resolve())
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def run(data: Path) -> Run:
    """Runs a command on that folder."""
    return lambda *words, **environment: _run(data, *words, **environment)


def test_from_tenant_to_token(run: Run) -> None:
    assert run("migrate").stdout == "", "starting brought the database to the present schema"
    assert run("tenant", "create", "示例商店").returncode == 0
    assert run("user", "add", "示例商店", "li@example.cn").returncode == 0
    token = run("token", "示例商店", "li@example.cn")
    assert token.returncode == 0
    assert token.stdout.startswith("tb_")
    assert token.stdout.count("\n") == 1


def test_another_edition(run: Run) -> None:
    assert run("tenant", "create", "edition shop", "--edition", "general").returncode == 0
    changed = run("tenant", "edition", "edition shop", "standard")
    assert changed.stdout == "= negative_stock\n= reserve_on_order\n"
    assert (changed.returncode, changed.stderr) == (0, "")
    assert run("tenant", "edition", "edition shop", "standard").stdout == ""
    assert (
        "There is no edition luxury." in run("tenant", "edition", "edition shop", "luxury").stderr
    )


@pytest.mark.parametrize(
    "words",
    [
        ("token", "nobody's shop", "li@example.cn"),
        ("user", "add", "nobody's shop", "li@example.cn"),
        ("verify", "nobody's shop"),
        ("tenant", "create", ""),
        ("db", "stop", "--data", "/nowhere"),
        ("migrate", "--data", "/dev/null/folder"),
    ],
)
def test_failure_is_one_sentence(run: Run, words: tuple[str, ...]) -> None:
    failed = run(*words)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert failed.stderr.count("\n") == 1
    assert "Traceback" not in failed.stderr


def test_sentence_in_the_language_of_the_terminal(run: Run) -> None:
    failed = run("db", "stop", "--data", "/nowhere", LC_ALL="zh_CN.UTF-8")
    assert failed.stderr.startswith("无法使用内置的 PostgreSQL")


def test_debugging_shows_where(run: Run) -> None:
    assert "Traceback" in run("db", "stop", "--data", "/nowhere", TALLYBOOK_DEBUG="1").stderr


def test_external_database_without_owner_is_not_migrated(run: Run) -> None:
    failed = run("migrate", DATABASE_URL="postgresql://shop@127.0.0.1:1/books")
    assert "MIGRATION_DATABASE_URL" in failed.stderr


def test_psql_speaks_as_the_owner(run: Run) -> None:
    answer = run("db", "psql", "-At", "-c", "select current_user")
    assert answer.stdout == "tallybook_owner\n"
    assert run("db", "psql", "-c", "select 1 / 0").returncode == 1


def test_serves_until_it_is_terminated(data: Path) -> None:
    server = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    address = server.stdout.readline().strip().removesuffix("/graphql")
    try:
        assert _ready(address)
        stopping = _run(data, "db", "stop")
        assert "in use by another process" in stopping.stderr
    finally:
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=30)
    assert server.returncode == 128 + signal.SIGTERM, log


def _ready(address: str) -> bool:
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"{address}/ready") as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.1)
    return False


def _run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        env={**os.environ, "TALLYBOOK_DATA": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_file_is_tried_and_imported(run: Run, tmp_path: Path) -> None:
    assert run("tenant", "create", "import shop").returncode == 0
    file = tmp_path / "items.csv"
    file.write_bytes(
        '编码,名称,销售价\nA,牛奶,2.50\nB,"\x1b[31mred",1\nC,面包,"1,5"\n'.encode("gb18030")
    )
    words = ("import", "items", str(file), "--tenant", "import shop")
    tried = run(*words, "--dry-run")
    assert tried.returncode == 1
    assert "1234.50" in tried.stdout
    assert "销售价" in tried.stdout
    assert "\x1b" not in tried.stdout
    assert tried.stderr == "2 of 3 rows are refused, 1 would be saved.\n"
    file.write_text("Code,Name\n" + "".join(f"I{n},item {n}\n" for n in range(5000)))
    done = run(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, "5000 rows are saved\n", "")
    people = tmp_path / "parties.csv"
    people.write_text("Code;Name;Supplier\nS;Farm;yes\n")
    assert run("import", "parties", str(people), "--tenant", "import shop").returncode == 0
    assert run("import", "parties", str(people), "--tenant", "nobody").returncode == 1
