"""The published schema is the program's, and says what each of its words means."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from graphql import build_schema as from_sdl

from schema import export
from schema.compose import core_schema
from tests.schema.toy import SCHEMA


def test_everything_has_a_description() -> None:
    assert export.undescribed(core_schema()._schema) == []
    assert export.undescribed(SCHEMA._schema) == []


def test_what_lacks_a_description_is_named() -> None:
    bare = from_sdl("type Query { a(b: Int): E } enum E { X } input I { c: Int }")
    assert export.undescribed(bare) == [
        "E",
        "E.X",
        "I",
        "I.c",
        "Query",
        "Query.a",
        "Query.a(b:)",
    ]


def test_what_is_committed_is_fresh() -> None:
    # In a process of its own: other tests load modules, and with them codes, that no client meets.
    command = [sys.executable, "-m", "server.cli", "schema", "export", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `tallybook schema export`; {done.stdout}{done.stderr}"


def test_export_writes_once_and_check_writes_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "FOLDER", tmp_path / "sdl")
    files = [f"schema/sdl/{name}" for name in ("core.graphql", "all.graphql", "views.sha256")]
    assert export.export(check=True) == files
    assert not (tmp_path / "sdl").exists()
    assert export.export() == files
    assert export.export() == export.export(check=True) == []
    assert export.breaking_changes() == []
    for name, gone in (("core.graphql", "Gone"), ("all.graphql", "Lost")):
        committed = tmp_path / "sdl" / name
        committed.write_text(committed.read_text("utf-8") + f"type {gone} {{ a: String }}", "utf-8")
    assert export.breaking_changes() == ["Gone was removed.", "Lost was removed."]


def test_every_set_of_modules_has_a_view_of_its_own() -> None:
    lines = [line.split(maxsplit=1) for line in export._files()["views.sha256"].splitlines()]
    modules = [name for _, name in lines if " " not in name and name != "core"]
    assert len(lines) == 2 ** len(modules)
    assert len({digest for digest, _ in lines}) == len(lines)
