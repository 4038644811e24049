"""Plugins are found, checked and put in order at start; one that cannot work is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from core.documents.types import TYPES, DocumentType, Effect
from core.errors import Refused
from core.extension import registry as module
from core.extension.manifest import Permission
from core.extension.plugin_tables import Tables
from core.extension.registry import Plugin, Registry, registry, using
from tests.toys import install, plugin


def refused(*plugins: Plugin) -> tuple[str, str]:
    """The name and the reason in the refusal of these plugins."""
    with pytest.raises(Refused) as told:
        Registry(plugins)
    return _told(told.value)


def _told(error: Refused) -> tuple[str, str]:
    (refusal,) = error.refusals
    assert refusal.code == "BAD_PLUGIN"
    assert str(refusal.details["plugin"]) in refusal.message("zh")
    return refusal.details["plugin"], refusal.details["reason"]


def names(*plugins: Plugin) -> list[str]:
    return [one.name for one in Registry(plugins)]


def test_what_others_require_comes_first_else_names_decide() -> None:
    plugins = [
        plugin("ants", requires=("moles", "zebras")),
        plugin("bees"),
        plugin("moles"),
        plugin("zebras", requires=("moles",)),
    ]
    for order in permutations(plugins):
        assert names(*order) == ["bees", "moles", "zebras", "ants"]


class Wanting(BaseModel):
    """Settings of which one has no default."""

    colour: str


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"requires": ("gone",)}, "it requires the plugin gone"),
        ({"core": ">=99"}, "it needs core >=99, this is 0.1.0"),
        ({"core": "new"}, "'new' is no range of versions"),
        (
            {"permissions": (Permission("stock.read"),)},
            "its permission stock.read does not begin with toys.",
        ),
        ({"permissions": (Permission("toys.play", ("king",)),)}, "there is no role king"),
        ({"tables": Tables("games")}, "its tables are named after games"),
        ({"editions": {"luxury": True}}, "there is no edition luxury"),
        ({"settings": Wanting}, "not all of its settings have a default"),
        ({"requires": ("bees",), "conflicts": ("bees",)}, "it both requires and excludes bees"),
    ],
)
def test_a_manifest_that_cannot_be_right(facts: dict[str, Any], reason: str) -> None:
    assert refused(plugin("bees"), plugin("toys", **facts)) == ("toys", reason)


@pytest.mark.parametrize("name", ["Toys", "toy-s", "toys_", "_toys", "2toys", "core", ""])
def test_a_name_that_cannot_be_a_prefix(name: str) -> None:
    assert refused(plugin(name)) == (name, "its name is not lower_case or is core's")


def test_two_of_one_name() -> None:
    assert refused(plugin(), plugin()) == ("toys", "there are two of this name")


def test_requirements_in_a_circle() -> None:
    circle = [plugin("a", requires=("b",)), plugin("b", requires=("c",))]
    name, reason = refused(*circle, plugin("c", requires=("a",)))
    assert name in ("a", "b", "c")
    assert reason.startswith("its requirements go in a circle: ")
    assert all(f" {one} " in f"{reason} " for one in "abc")


def test_a_hook_with_an_argument_that_there_is_not() -> None:
    def enabling(tx: object, colour: str) -> None: ...

    name, reason = refused(plugin("toys", enabling))
    assert name == "toys"
    assert "enabling" in reason
    assert "colour" in reason


def _type(code: str, prefix: str = "TY") -> DocumentType:
    return DocumentType(code, Effect.ISSUE, prefix, "Toy", "玩具", account="customer")


def test_document_types_are_the_plugins_own() -> None:
    def document_types() -> list[DocumentType]:
        return [_type("toy_sale")]

    with using(Registry([plugin("toys", document_types)])):
        assert TYPES["toy_sale"].module == "toys"
    assert "toy_sale" not in TYPES
    toys = plugin("toys", document_types)
    games = plugin("games", document_types)
    assert refused(toys, games) == ("toys", "its document type toy_sale is there already")


def test_a_document_type_of_core_is_taken() -> None:
    def document_types() -> list[DocumentType]:
        return [_type("receipt")]

    told = refused(plugin("toys", document_types))
    assert told == ("toys", "its document type receipt is there already")


@pytest.mark.parametrize("codes", [{"toy_sale": "GR"}, {"toy_sale": "TY", "toy_loan": "TY"}])
def test_numbers_of_two_types_do_not_begin_alike(codes: dict[str, str]) -> None:
    def document_types() -> list[DocumentType]:
        return [_type(code, prefix) for code, prefix in codes.items()]

    *_, (last, prefix) = codes.items()
    told = refused(plugin("toys", document_types))
    assert told == ("toys", f"numbers of another type than its {last} begin with {prefix}")


def test_document_types_that_are_not_told() -> None:
    def document_types() -> list[DocumentType]:
        raise LookupError("lost")

    told = refused(plugin("toys", document_types))
    assert told == ("toys", "its document types are not told (LookupError: lost)")


def test_document_types_that_are_none() -> None:
    def document_types() -> str:
        return "sale"

    assert refused(plugin("toys", document_types)) == ("toys", "its document types are none")


def test_components_begin_with_core_and_follow_the_order(tmp_path: Path) -> None:
    plugins = [plugin("a", requires=("b",), migrations=tmp_path), plugin("b", migrations=tmp_path)]
    found = Registry([*plugins, plugin("c")]).components
    assert [component.label for component in found] == ["core", "b", "a"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path of imports, and a process that has not looked for plugins yet."""
    with using(registry()):
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(module, "_current", None)
        yield tmp_path
        monkeypatch.undo()


def test_plugins_are_found_by_entry_point(site: Path) -> None:
    install(site, "found_toys")
    assert registry().get("found_toys") is not None
    assert registry() is registry()


@pytest.mark.parametrize(
    ("entry", "source", "reason"),
    [
        ("broken_toys", "import no_such_module", "it cannot be imported (ModuleNotFoundError: "),
        ("raising_toys", "raise SystemExit(3)", "it cannot be imported (SystemExit: 3)"),
        ("bare_toys", "toys = 1", "it has no manifest"),
        ("odd_toys", "manifest = {'name': 'odd_toys'}", "it has no manifest"),
    ],
)
def test_an_installed_plugin_that_does_not_load(
    site: Path, entry: str, source: str, reason: str
) -> None:
    install(site, entry, source)
    with pytest.raises(Refused) as told:
        registry()
    name, said = _told(told.value)
    assert name == entry
    assert said.startswith(reason)


def test_an_installed_plugin_under_another_name(site: Path) -> None:
    install(site, "named_toys", module="named_toys")
    (site / "named_toys-1.0.dist-info" / "entry_points.txt").write_text(
        "[tallybook.plugins]\nother_toys = named_toys\n"
    )
    with pytest.raises(Refused) as told:
        registry()
    assert _told(told.value) == ("other_toys", "its manifest calls it named_toys")
