"""The documents tell the truth: examples fit the published schema, commands exist, references are
fresh, links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
    validate,
)

from server.cli import app

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")])
OF_CORE = [page for page in PAGES if page != ROOT / "docs" / "plugins" / "tutorial.md"]
"""The tutorial shows what a plugin adds; its own test runs it."""
TRANSLATED = (
    "README.md",
    *(f"docs/guides/{name}.md" for name in ("front-end", "operator", "maker")),
)

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BODY = re.compile(r"-d '(\{.*?\})'", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


@pytest.fixture(scope="module")
def published() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "sdl" / "all.graphql").read_text("utf-8"))


@pytest.mark.parametrize("page", OF_CORE, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_fit_the_published_schema(page: Path, published: GraphQLSchema) -> None:
    for query in _queries(page.read_text("utf-8")):
        assert [error.message for error in validate(published, parse(query))] == [], query


@pytest.mark.parametrize("page", OF_CORE, ids=lambda page: str(page.relative_to(ROOT)))
def test_variables_fit_their_operation(page: Path, published: GraphQLSchema) -> None:
    for query, variables in _with_variables(page.read_text("utf-8")):
        assert _misfits(published, query, variables) == [], variables


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    wrong = [line for line in _commands(page.read_text("utf-8")) if not _exists(line)]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_shows_the_same_examples(name: str) -> None:
    page = ROOT / name
    translation = page.with_suffix(".zh-CN.md").read_text("utf-8")
    assert [*_queries(translation)] == [*_queries(page.read_text("utf-8"))]


def test_the_two_commands_stand_in_both_readmes() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text("utf-8")
        assert "\npip install -e . && tallybook demo\n" in text
        assert "\npip install -e '.[dev]' && pytest\n" in text


def test_reference_pages_are_fresh() -> None:
    run = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"run `python docs/generate.py`: {run.stdout}{run.stderr}"


def test_a_wrong_example_is_found(published: GraphQLSchema) -> None:
    (query,) = _queries("```graphql\n{ stoke { nodes { quantity } } }\n```\n")
    assert validate(published, parse(query))
    (query,) = _queries("""```sh\ncurl url -d '{"query": "{ stoke }"}'\n```\n""")
    assert validate(published, parse(query))


def test_a_wrong_variable_is_found(published: GraphQLSchema) -> None:
    page = "```graphql\nquery Q($code: String!) { barcode(code: $code) { code } }\n```\n"
    ((query, variables),) = _with_variables(page + '\n```json\n{"kode": "1"}\n```\n')
    assert _misfits(published, query, variables)


def test_a_wrong_command_is_found() -> None:
    page = (
        "```sh\ntallybook sreve --port 1\ntallybook serve --prot 1\ntallybook serve --port 1\n```\n"
    )
    assert [_exists(line) for line in _commands(page)] == [False, False, True]
    assert not _exists("tallybook db tsop")


def _queries(page: str) -> Iterator[str]:
    for language, text in _FENCED.findall(page):
        if language == "graphql":
            yield text
        for body in _BODY.findall(text) if language == "sh" else ():
            yield json.loads(body)["query"]


def _with_variables(page: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Operations followed by their variables."""
    blocks = _FENCED.findall(page)
    for (language, text), (next_language, next_text) in pairwise(blocks):
        if (language, next_language) == ("graphql", "json"):
            yield text, json.loads(next_text)


def _misfits(schema: GraphQLSchema, query: str, variables: dict[str, Any]) -> list[str]:
    (operation,) = parse(query).definitions
    assert isinstance(operation, OperationDefinitionNode)
    found = get_variable_values(schema, operation.variable_definitions or (), variables)
    return [error.message for error in found] if isinstance(found, list) else []


def _commands(page: str) -> Iterator[str]:
    """What is typed after ``tallybook``, in blocks of shell and in running text."""
    shell = "\n".join(text for language, text in _FENCED.findall(page) if language == "sh")
    yield from re.findall(r"\btallybook [a-z][^\n|&)]*", shell)
    yield from re.findall(r"`(tallybook [a-z][^`]*)`", _FENCED.sub("", page))


def _exists(line: str) -> bool:
    command: Any = typer.main.get_command(app)
    words = shlex.split(line, comments=True)[1:]
    while words and hasattr(command, "commands"):
        found = command.commands.get(words.pop(0))
        if found is None:
            return False
        command = found
    options = {name for parameter in command.params for name in parameter.opts}
    return all(word.partition("=")[0] in options for word in words if word.startswith("--"))
