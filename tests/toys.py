"""Plugins of the tests' own: made in memory, or laid in a folder as `pip` lays out an installed one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from core.extension.hookspecs import hookimpl
from core.extension.manifest import Manifest
from core.extension.registry import GROUP, Plugin

CORE = ">=0.1,<0.2"


def manifest(name: str = "toys", **facts: Any) -> Manifest:
    """A manifest that is in order, but for what is given."""
    about = {"version": "1.0", "core": CORE, "title": f"The {name}", "title_zh": f"{name} 模块"}
    about |= {"summary": "Keeps toys.", "summary_zh": "管理玩具。"}
    return Manifest(**({"name": name} | about | facts))


def plugin(name: str = "toys", *hooks: Callable[..., Any], **facts: Any) -> Plugin:
    """A plugin with these hooks, each a function of the hook's name."""
    module = ModuleType(name)
    for hook in hooks:
        setattr(module, hook.__name__, hookimpl(hook))
    return Plugin(manifest(name, **facts), module)


SOURCE = """
from core.plugin_api import Manifest
manifest = Manifest(name={name!r}, version="1.0", core={core!r}, title="The {name}",
                    title_zh="{name}", summary="", summary_zh="")
"""


def install(folder: Path, name: str, source: str | None = None, *, module: str = "") -> None:
    """Lay a distribution in ``folder`` whose entry point ``name`` leads to a module of this source,
    by default one with a manifest and nothing else."""
    module = module or name
    text = SOURCE.format(name=name, core=CORE) if source is None else source
    (folder / f"{module}.py").write_text(text, "utf-8")
    facts = folder / f"{module}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}\n")
