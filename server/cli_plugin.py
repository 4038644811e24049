"""``tallybook plugin``: the start of a plugin."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from core.documents.types import TYPES
from core.errors import define, refuse
from core.extension.registry import registry

app = typer.Typer(help="Plugins.", no_args_is_help=True)

PLUGIN_NAME = define(
    "PLUGIN_NAME",
    en="A plugin cannot be called {name}: {reason}.",
    zh="插件不能命名为 {name}:{reason_zh}。",
)
PLUGIN_EXISTS = define(
    "PLUGIN_EXISTS",
    en="{folder} is there already, and not empty.",
    zh="{folder} 已存在且不为空。",
)

_TEMPLATES = Path(__file__).parent / "scaffold"
_SUFFIX = ".tmpl"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 24
"""Letters of a name: PostgreSQL cuts names of constraints after 63, of which the rest are ours."""
_WORD = re.compile(r"\{\{(\w+)\}\}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name, such as price_lists.")],
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where to write it; by default a folder of its name.", show_default=False
        ),
    ] = None,
) -> None:
    """Write a plugin that works: tables, a rule, fields, a mutation, settings, tests. Prints its files."""
    check_name(name)
    for path in write(name, folder or Path(name)):
        typer.echo(path)


def check_name(name: str) -> None:
    """Refuse (PLUGIN_NAME) what cannot be a module, a table's beginning and a plugin at once."""
    if not _NAME.fullmatch(name):
        reason = "lower-case letters and digits, words joined by _"
        raise refuse(
            PLUGIN_NAME, name=name, reason=reason, reason_zh="须为小写字母、数字,以下划线连接"
        )
    if len(name) > _LONGEST:
        reason = f"it may have at most {_LONGEST} letters"
        raise refuse(PLUGIN_NAME, name=name, reason=reason, reason_zh=f"最多 {_LONGEST} 个字符")
    if keyword.iskeyword(name) or name in sys.stdlib_module_names or importlib.util.find_spec(name):
        reason = "Python imports something else by that name"
        raise refuse(PLUGIN_NAME, name=name, reason=reason, reason_zh="该名称已是 Python 模块")


def write(name: str, folder: Path) -> list[Path]:
    """Write the plugin's files into ``folder``. Refuses (PLUGIN_EXISTS) a folder with anything in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise refuse(PLUGIN_EXISTS, folder=str(folder))
    words = words_of(name)
    made: list[Path] = []
    for template in sorted(_TEMPLATES.rglob(f"*{_SUFFIX}")):
        where = template.relative_to(_TEMPLATES).with_suffix("")
        first, *rest = where.parts
        path = folder.joinpath(name if first == "package" else first, *rest)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _WORD.sub(lambda match: words[match[1]], template.read_text("utf-8"))
        path.write_text(text, "utf-8")
        made.append(path)
    made.append(_migration(folder / name))
    return made


def words_of(name: str) -> dict[str, str]:
    """What stands for the words in braces of the templates."""
    parts = name.split("_")
    pascal = "".join(part.capitalize() for part in parts)
    major, minor, *_ = version("tallybook").split(".")
    return {
        "name": name,
        "NAME": name.upper(),
        "Pascal": pascal,
        "camel": pascal[0].lower() + pascal[1:],
        "dashed": name.replace("_", "-"),
        "title": " ".join(parts).capitalize(),
        "prefix": _prefix(parts),
        "core": f">={major}.{minor},<{int(major) + 1}",
    }


def _prefix(parts: list[str]) -> str:
    """What numbers of its documents begin with: its initials, or what nobody here has yet."""
    prefix = "".join(part[0] for part in parts).upper().ljust(2, "X")[:4]
    taken = {type_.prefix for type_ in (*TYPES.values(), *registry().document_types)}
    while prefix in taken:
        prefix += "X"
    return prefix


def _migration(package: Path) -> Path:
    """The first migration, from the tables that were just written."""
    from core.db.freeze import render_plugin

    spec = importlib.util.spec_from_file_location(f"{package.name}_tables", package / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = package / "migrations" / "0001_initial.sql"
    path.write_text(render_plugin(module.tables), "utf-8")
    return path
