"""Plugins as packages on a path of their own, with the metadata that pip would have written."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.extension.registry import Plugin

MANIFEST = """\
from core.plugin_api import Manifest

manifest = Manifest(
    name="{name}",
    version="1",
    core=">=0.1",
    title="Planted",
    title_zh="测试",
    summary="A plugin with a fault.",
    summary_zh="有缺陷的插件。",
    {facts}
)
"""


def write_metadata(folder: Path, name: str, module: str | None = None) -> None:
    """What makes ``importlib.metadata`` find the plugin where ``folder`` is on the path."""
    info = folder / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    point = f"{name} = {module or f'{name}.plugin'}\n"
    (info / "entry_points.txt").write_text(f"[tallybook.plugins]\n{point}")


@contextmanager
def planted(
    folder: Path, name: str, code: str = "", *, facts: str = "", package: str = "", before: str = ""
) -> Iterator[Plugin]:
    """A plugin whose ``plugin.py`` is a manifest and this code, in a package of this name."""
    package = package or name
    home = folder / package
    home.mkdir(parents=True)
    (home / "__init__.py").touch()
    (home / "plugin.py").write_text(
        before + MANIFEST.format(name=name, facts=facts) + code, "utf-8"
    )
    write_metadata(folder, name, f"{package}.plugin")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(f"{package}.plugin")
        yield Plugin(module.manifest, module)
    finally:
        sys.path.remove(str(folder))
        for loaded in [one for one in sys.modules if one.split(".")[0] == package]:
            del sys.modules[loaded]
