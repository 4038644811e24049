"""The specifications and tools that front ends are built on: GraphQL over HTTP, Relay, generated types.

The tools are pinned in ``package-lock.json`` and installed beside this file. Without npm, or where its
registry is out of reach, the tests say so and are skipped, unless ``TALLYBOOK_SPEC=required``, as the
continuous integration has it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.serving import running_server

HERE = Path(__file__).parent
SDL = HERE.parent.parent / "schema" / "sdl" / "core.graphql"
SECONDS = 300
_UNREACHABLE = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH)\b"
)


def _absent(reason: str) -> None:
    if os.environ.get("TALLYBOOK_SPEC") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of the tools' programs, installed as the lock file says."""
    if not (shutil.which("node") and shutil.which("npm")):
        _absent("node and npm are not installed")
    installed = HERE / "node_modules" / ".package-lock.json"
    wanted = (HERE / "package-lock.json").stat().st_mtime
    if not installed.exists() or installed.stat().st_mtime < wanted:
        # No script of a package runs: what they ship is all that is used.
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        if done.returncode != 0 and _UNREACHABLE.search(done.stderr):
            _absent(f"the registry of npm cannot be reached: {done.stderr[-300:]}")
        assert done.returncode == 0, done.stderr
    return HERE / "node_modules" / ".bin"


@pytest.fixture(scope="module")
def project(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A front end's project with the committed schema, where the tools may write what they make."""
    folder = tmp_path_factory.mktemp("front-end")
    for name in ("relay", "codegen"):
        shutil.copytree(HERE / name, folder / name)
    for file in HERE.glob("*.json"):
        shutil.copy(file, folder)
    shutil.copy(SDL, folder / "schema.graphql")
    (folder / "relay" / "out").mkdir()
    (folder / "node_modules").symlink_to(tools.parent)
    return folder


def _run(*command: str | Path, cwd: Path) -> str:
    """What a tool prints, which must succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_graphql_over_http(tools: Path) -> None:
    """The official audit: all that the specification says MUST, SHOULD and MAY be."""
    with running_server() as server:
        token = server.new_tenant("audit")
        lines = _run("node", "audit.mjs", server.url, token, cwd=HERE).splitlines()
    audits = [json.loads(line) for line in lines]
    print(Counter((audit["name"].split()[0], audit["status"]) for audit in audits))
    assert len(audits) >= 60
    assert [audit for audit in audits if audit["status"] != "ok"] == []


def test_relay_compiles(tools: Path, project: Path) -> None:
    """Pages with ``@connection``, fragments that are fetched again by ``node``, mutations."""
    said = _run(tools / "relay-compiler", "relay.config.json", cwd=project)
    made = {file.name for file in (project / "relay" / "out").iterdir()}
    assert "ItemListPaginationQuery.graphql.ts" in made, said
    assert "ItemListItemRefetchQuery.graphql.ts" in made, said


def test_generated_types_are_strictly_typescript(tools: Path, project: Path) -> None:
    """Those of Relay and of GraphQL Code Generator, and a little code that uses them."""
    if not any((project / "relay" / "out").iterdir()):
        _run(tools / "relay-compiler", "relay.config.json", cwd=project)
    _run(tools / "graphql-codegen", "--config", "codegen.json", cwd=project)
    _run(tools / "tsc", "-p", ".", cwd=project)


def test_typescript_is_looking(tools: Path, project: Path) -> None:
    (project / "codegen" / "slip.ts").write_text("export const slip: number = 'text';\n")
    with pytest.raises(AssertionError, match="TS2322"):
        _run(tools / "tsc", "-p", ".", cwd=project)
    (project / "codegen" / "slip.ts").unlink()
