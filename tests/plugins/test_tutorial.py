"""The tutorial is true: its commands are run and its code is written where it says, in the order of the
page, and what it shows as an answer is the answer."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "plugins" / "tutorial.md"
NAME = "price_guard"

_BLOCK = re.compile(r"([^\n]*)\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"`([\w/]+\.\w+)`")
_PRELUDE = """\
set -euo pipefail
pip() { "$PYTHON" "$EDITS/metadata.py"; }
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
"""
_METADATA = """\
import tomllib
from pathlib import Path
from tests.plugins.packages import write_metadata
points = tomllib.loads(Path("pyproject.toml").read_text())["project"]["entry-points"]
[(name, module)] = points["tallybook.plugins"].items()
write_metadata(Path("."), name, module)
"""
_EDIT = """\
from pathlib import Path
path = Path({path!r})
before, after = {before!r}, {after!r}
text = path.read_text("utf-8") if path.exists() else ""
assert before is None or text.count(before) == 1, f"{{path}} has not once {{before}}"
path.write_text(after if before is None else text.replace(before, after), "utf-8")
"""


class Block(NamedTuple):
    """A fenced block and the line above it."""

    above: str
    language: str
    text: str


@pytest.mark.slow
def test_the_tutorial_works(tmp_path: Path) -> None:
    blocks = [Block(*found) for found in _BLOCK.findall(PAGE.read_text("utf-8"))]
    edits = tmp_path / "edits"
    edits.mkdir()
    (edits / "metadata.py").write_text(_METADATA)
    script = "".join([_PRELUDE, *_steps(blocks, edits)])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run = subprocess.run(
        ["bash", "-c", re.sub(r"(?<=:|\s)8000\b", str(port), script)],
        cwd=tmp_path,
        env=_environment(tmp_path, edits),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    told = "\n".join(path.read_text("utf-8") for path in sorted(edits.glob("out-*")))
    assert run.returncode == 0, f"{told[-6000:]}\n{run.stderr[-3000:]}"
    answers = 0
    for number, block in enumerate(blocks):
        if block.language == "json":
            answer = (edits / f"out-{number - 1:02}").read_text("utf-8")
            assert json.loads(answer) == json.loads(block.text)
            answers += 1
    assert answers
    assert " passed" in told


def _steps(blocks: list[Block], edits: Path) -> Iterator[str]:
    """The page as a script; the output of each block of shell is kept under its number."""
    replaced = None
    for number, block in enumerate(blocks):
        if block.language == "sh":
            yield f'{{\n{block.text}}} >"$EDITS/out-{number:02}"\n'
        elif block.language == "python":
            if block.above.endswith("replace"):
                replaced = (_path(block), block.text.rstrip("\n"))
                continue
            if block.above == "by":
                assert replaced is not None
                path, before = replaced
                edit = _EDIT.format(path=path, before=before, after=block.text.rstrip("\n"))
            elif block.above.startswith("Add to") or " Add to " in block.above:
                edit = _EDIT.format(path=_path(block), before=None, after=block.text)
                edit = edit.replace("write_text(after ", "write_text(text + after ")
            else:
                edit = _EDIT.format(path=_path(block), before=None, after=block.text)
            (edits / f"edit-{number:02}.py").write_text(edit, "utf-8")
            yield f'"$PYTHON" "$EDITS/edit-{number:02}.py"\n'


def _path(block: Block) -> str:
    (path,) = _PATH.findall(block.above)
    return str(path)


def _environment(folder: Path, edits: Path) -> dict[str, str]:
    home = folder / NAME
    return {
        **{name: told for name, told in os.environ.items() if not name.startswith("PYTEST_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{home}{os.pathsep}{ROOT}",
        "PYTHON": sys.executable,
        "EDITS": str(edits),
        "TALLYBOOK_DATA": str(folder / "data"),
    }
