"""The reference pages, made from the program itself: ``python docs/generate.py [--check]``.

With ``--check`` nothing is written; the pages that are stale are printed and the exit code is 1.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from graphql import GraphQLEnumType, build_schema
from pydantic_core import PydanticUndefined
from sqlalchemy.dialects import postgresql

from core.db.schema import metadata
from core.documents.types import TYPES
from core.errors import codes
from core.extension import hookspecs, manifest, plugin_tables, readable, records
from core.imports import columns as import_columns
from core.indicators import records as indicator_records
from core.indicators import rules as indicator_rules
from core.tenancy.rules import PERMISSIONS, ROLES
from core.tenancy.settings import Settings
from schema import hookspecs as schema_hookspecs

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Made by `python docs/generate.py`; edit the program, not this page. -->"


def main() -> int:
    """Write what is stale, or with ``--check`` only name it."""
    check = "--check" in sys.argv[1:]
    stale = {path: text for path, text in pages().items() if _read(path) != text}
    for path, text in stale.items():
        print(path.relative_to(ROOT))
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    return 1 if check and stale else 0


def pages() -> dict[Path, str]:
    """Every page and what should stand in it."""
    made = {
        "errors.md": _errors(),
        "settings.md": _settings(),
        "document-types.md": _document_types(),
        "permissions.md": _permissions(),
    }
    found = {FOLDER / name: f"{NOTE}\n\n{text}\n" for name, text in made.items()}
    of_plugins = {"hooks.md": _hooks(), "tables.md": _tables()}
    plugins = ROOT / "docs" / "plugins"
    return found | {plugins / name: f"{NOTE}\n\n{text}\n" for name, text in of_plugins.items()}


def _errors() -> str:
    for package in ("core", "schema", "server"):
        _import_all(package)
    of_the_api = _published_codes()
    published = [code for code in codes() if code in of_the_api]
    others = [code for code in codes() if code not in of_the_api]
    return "\n\n".join(
        (
            "# Errors",
            "Programs branch on the code; the sentence is for people, in English or, with"
            " `Accept-Language: zh`, in Chinese. Words in braces are filled in from the error's"
            " `details`. Codes are stable, sentences may be reworded.",
            "## Statuses",
            "A mutation that is refused is still an answer: 200, with the reasons in its payload. So is a"
            " field that could not be answered: 200, with an entry in `errors` that has a `path`. Other"
            " statuses say that nothing of the request was carried out; the body has `errors` and no"
            " `data`. Clients that accept `application/json` only, the old way, get 200 in more cases.",
            _table(("status", "codes", "status the old way"), _statuses(published)),
            "## Of the API",
            _table(("code", "English", "中文"), (_error(code) for code in published)),
            "## Of the command line",
            _table(("code", "English", "中文"), (_error(code) for code in others)),
        )
    )


def _statuses(published: list[str]) -> Iterator[tuple[str, str, str]]:
    from server.graphql_route import NOT_EXECUTED, status_of

    old = {code: status_of(code, old=True) for code in NOT_EXECUTED}
    new = {code: status_of(code, old=False) for code in NOT_EXECUTED}
    assert old.keys() <= set(published), "a code that the schema does not publish"
    for status, other in sorted({(new[code], old[code]) for code in new}):
        named = sorted(code for code in new if (new[code], old[code]) == (status, other))
        yield f"{status}", ", ".join(f"`{code}`" for code in named), f"{other}"


def _error(code: str) -> tuple[str, str, str]:
    return f"`{code}`", codes()[code]["en"], codes()[code]["zh"]


def _published_codes() -> frozenset[str]:
    schema = build_schema((ROOT / "schema" / "sdl" / "core.graphql").read_text("utf-8"))
    enum = schema.get_type("ErrorCode")
    assert isinstance(enum, GraphQLEnumType)
    return frozenset(enum.values)


def _settings() -> str:
    rows = (
        (f"`{name}`", _allowed(name), _default(name), Settings.model_fields[name].description or "")
        for name in Settings.model_fields
    )
    return "\n\n".join(
        (
            "# Settings",
            "What each tenant decides for itself.",
            _table(("setting", "values", "default", "meaning"), rows),
        )
    )


def _allowed(name: str) -> str:
    field = Settings.model_json_schema()["properties"][name]
    options = field.get("anyOf", [field])
    named = [value for option in options for value in option.get("enum", ())]
    if named:
        return " · ".join(f"`{value}`" for value in named)
    kinds = [option["type"] for option in options if option["type"] != "null"]
    kind = "decimal" if "number" in kinds else str(kinds[0])
    bounds = {
        key: option[key] for option in options for key in ("minimum", "maximum") if key in option
    }
    if bounds:
        return f"{kind} {bounds['minimum']:g} to {bounds['maximum']:g}"
    return f"list of {options[0]['items']['type']}s" if kind == "array" else kind


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    value = field.get_default(call_default_factory=True, validated_data={})
    assert value is not PydanticUndefined
    if value is None or value == []:
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _document_types() -> str:
    rows = (
        (
            f"`{kind.code}`",
            kind.en,
            kind.zh,
            kind.prefix,
            f"`{kind.effect.value}`",
            f"`{kind.account}`" if kind.account else "",
            kind.party or "",
            ", ".join(f"`{source}`" for source in kind.sources)
            + (" (required)" if kind.source_required else ""),
        )
        for kind in TYPES.values()
    )
    head = ("type", "English", "中文", "number", "effect", "account", "party", "goes back to")
    return "\n\n".join(
        (
            "# Document types",
            "What posting does with a document's lines is its *effect*; the *account* is the virtual"
            " place on the other side. *Number* is the prefix of its numbers."
            " `revaluation` is written by the ledger itself.",
            _table(head, rows),
        )
    )


def _permissions() -> str:
    roles = list(ROLES.values())
    rows = (
        (f"`{permission}`", *("●" if permission in role.permissions else "" for role in roles))
        for permission in sorted(PERMISSIONS)
    )
    names = (f"`{role.code}` {role.name_zh}" for role in roles)
    return "\n\n".join(
        (
            "# Permissions",
            "Roles are added up; none takes a permission away.",
            _table(("permission", *names), rows),
            "## What each operation needs",
            "Everything else is denied.",
            _table(("operation", "permission"), _operations()),
        )
    )


def _operations() -> Iterator[tuple[str, str]]:
    from schema.compose import core_schema
    from schema.protect import grants

    for grant in grants(core_schema()._schema):
        if grant.what.startswith(("Query.", "Mutation.")):
            yield f"`{grant.what}`", f"`{grant.permission}`"


def _hooks() -> str:
    hooks = [*_members(hookspecs.CoreHooks), *_members(schema_hookspecs.SchemaHooks)]
    return "\n\n".join(
        (
            "# Hooks",
            "What a plugin may do. Mark a function in `plugin.py` with `@hookimpl`, name it like a hook,"
            " and take any of its arguments. No hook is called for a tenant that has the module switched"
            " off.",
            _table(
                ("hook", "what it answers"),
                ((f"[`{name}`](#{name})", _first_sentence(told)) for name, _, told in hooks),
            ),
            *(f"## {name}\n\n```python\n{code}\n```\n\n{told}" for name, code, told in hooks),
            "# Records",
            "What hooks are given and what they answer. They cannot be changed.",
            *_records(
                records,
                indicator_records,
                indicator_rules,
                import_columns,
                manifest,
                plugin_tables,
                schema_hookspecs,
            ),
        )
    )


def _tables() -> str:
    return "\n\n".join(
        (
            "# Tables that plugins may read",
            "SQL of a plugin may join its own tables with these of core. Their columns keep their names and"
            " meanings. Nobody but core writes them, and no other table of core is read (the contract suite"
            " looks). `tenant_id` comes first in every key, and in every statement; row-level security shows"
            " no other tenant's rows in any case.",
            *(
                f"## {name}\n\n{told}\n\n{_table(('column', 'type', ''), _columns(name))}"
                for name, told in readable.READABLE.items()
            ),
        )
    )


def _columns(name: str) -> Iterator[tuple[str, str, str]]:
    table = metadata.tables[name]
    for column in table.columns:
        told = ["key"] if column.primary_key else []
        told += [] if column.primary_key or not column.nullable else ["may be null"]
        target = {key.target_fullname for key in column.foreign_keys} - {"tenant.id"}
        if column.name != "tenant_id":
            told += [f"leads to `{to}`" for to in sorted(target)]
        type_ = column.type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
        yield f"`{column.name}`", type_.partition(" COLLATE")[0].lower(), ", ".join(told)


def _members(holder: type) -> Iterator[tuple[str, str, str]]:
    """Name, signature as it is written, and text of each method that others call."""
    for name, member in vars(holder).items():
        function = member.fget if isinstance(member, property) else member
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        source = inspect.getsource(function)
        (signature,) = re.findall(r"^\s*((?:async )?def .*?):\n", source, re.DOTALL | re.MULTILINE)
        words = (
            " ".join(signature.split()).replace("( ", "(").replace(", )", ")").replace(" )", ")")
        )
        words = words.replace("self, ", "").replace("self", "")
        if isinstance(member, property):
            words = words.replace("def ", "").replace("() ->", ":")
        yield name, words, _told(function)


def _records(*modules: ModuleType) -> Iterator[str]:
    for module in modules:
        for name, value in vars(module).items():
            if not inspect.isclass(value) or value.__module__ != module.__name__:
                continue
            if name.startswith("_") or name.endswith("Hooks"):
                continue
            fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
            written = [f"{field.name}: {field.type}" for field in fields]
            for _, code, told in _members(value):
                written += [code + (f"\n    # {' '.join(told.split())}" if told else "")]
            block = "\n".join(written)
            yield f"## {name}\n\n{_told(value)}" + (f"\n\n```python\n{block}\n```" if block else "")


def _told(what: object) -> str:
    """A docstring as Markdown: its literals, its references and its example."""
    text = inspect.getdoc(what) or ""
    text = re.sub(r":\w+:`([^`]*)`", lambda match: f"`{match[1].lstrip('~')}`", text)
    text = text.replace("``", "`")
    before, separator, example = text.partition("::\n\n")
    if not separator:
        return text
    code, _, after = example.partition("\n\n")
    return f"{before}:\n\n```python\n{inspect.cleandoc(code)}\n```\n\n{after}"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(";.") + "."


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = [*head]
    lines = [names, ["---"] * len(names), *([*row] for row in rows)]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines
    )


def _import_all(package: str) -> None:
    """A code is known once its module is imported."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        importlib.import_module(module.name)


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
