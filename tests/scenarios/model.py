"""A scenario as its file says it: numbers exact, unknown words refused.

Numbers are read as :class:`Decimal` with the decimals that were written, because figures agree
at the number of decimals written. What cannot be understood makes the file :class:`Broken`,
never silently true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

KEYS = {
    *("id", "title", "module", "kind", "level", "source", "policy"),
    *("given", "steps", "expect", "derived", "note"),
}
LEDGER_FIGURES = {"balances", "moves", "layers", "cogs", "true_up", "expensed", "refused"}
EXPECTED = {"calc": {"results", "refused"}, "ledger": LEDGER_FIGURES | {"checkpoints"}}


class Broken(Exception):
    """The file is not a scenario of the agreed form."""


class NotYet(Exception):
    """The product does not offer what the scenario asks for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its id, what is done, and the other fields as written."""

    id: str
    op: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One worked example."""

    path: Path
    id: str
    module: str
    kind: str
    policy: Mapping[str, Any]
    given: Mapping[str, Any]
    steps: tuple[Step, ...]
    expect: Mapping[str, Any]


def files(paths: list[Path]) -> Iterator[Path]:
    """The files named, and the YAML files in the folders named. Broken for a path that is not
    there.
    """
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix in (".yaml", ".yml"))
        elif path.is_file():
            yield path
        else:
            raise Broken(f"{path} does not exist")


def load(path: Path) -> Scenario:
    """Read one file. Raises Broken with what is wrong."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_ExactLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise Broken(" ".join(str(error).split())) from error
    if not isinstance(content, dict):
        raise Broken("the file is not a mapping")
    if unknown := content.keys() - KEYS:
        raise Broken(f"unknown keys: {_listed(unknown)}")
    if missing := {"id", "module", "kind", "steps", "expect"} - content.keys():
        raise Broken(f"missing keys: {_listed(missing)}")
    if content["kind"] not in EXPECTED:
        raise Broken(f"unknown kind {content['kind']}")
    steps = tuple(_step(raw) for raw in content["steps"] or ())
    _check_expectations(content["kind"], content["expect"], steps)
    return Scenario(
        path=path,
        id=str(content["id"]),
        module=str(content["module"]),
        kind=content["kind"],
        policy=content.get("policy") or {},
        given=content.get("given") or {},
        steps=steps,
        expect=content["expect"],
    )


def _step(raw: Any) -> Step:
    if not isinstance(raw, dict) or not {"id", "op"} <= raw.keys():
        raise Broken("every step needs an id and an op")
    fields = {key: value for key, value in raw.items() if key not in ("id", "op")}
    return Step(str(raw["id"]), str(raw["op"]), fields)


def _check_expectations(kind: str, expect: Any, steps: tuple[Step, ...]) -> None:
    """Every expectation must be one that the runner compares, about a step that exists."""
    if not isinstance(expect, dict) or not any(expect.values()):
        raise Broken("nothing is expected")
    if unknown := expect.keys() - EXPECTED[kind]:
        raise Broken(f"unknown expectations: {_listed(unknown)}")
    named = [step.id for step in steps]
    if len(set(named)) != len(named):
        raise Broken("two steps have the same id")
    mentioned = {*expect.get("refused", ()), *expect.get("results", ())}
    checkpoints = expect.get("checkpoints", ())
    mentioned |= {point.get("after") for point in checkpoints}
    for figures in (expect, *checkpoints):
        mentioned |= {move.get("step") for move in figures.get("moves", ())}
    if strangers := mentioned - set(named):
        raise Broken(f"expects something of steps that do not exist: {_listed(strangers)}")
    for point in checkpoints:
        if unknown := point.keys() - LEDGER_FIGURES - {"after"}:
            raise Broken(f"unknown expectations: {_listed(unknown)}")


def _listed(words: set[Any]) -> str:
    return ", ".join(sorted(str(word) for word in words))


class _ExactLoader(yaml.SafeLoader):
    """Safe YAML without its surprises: no floats, no dates, no octal numbers, no ``on`` as true,
    and no key given twice.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) != len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _exact(tag: str, pattern: str, first: str) -> None:
    _ExactLoader.add_implicit_resolver(tag, re.compile(pattern), list(first))


_exact("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL)$", "~nN")
_ExactLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])
_exact("tag:yaml.org,2002:bool", r"^(?:true|false|True|False)$", "tfTF")
_exact("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789")
_exact("tag:yaml.org,2002:float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)$", "-+0123456789.")
_ExactLoader.add_constructor(
    "tag:yaml.org,2002:float", lambda loader, node: Decimal(str(node.value))
)
