"""What is said where a plugin fails: the module is named, and nothing is changed."""

from __future__ import annotations

from core.errors import define

MODULE_FAILED = define(
    "MODULE_FAILED",
    en="The module {module} failed: nothing was changed. Tell its vendor, or switch it off.",
    zh="模块 {module} 出错,未做任何更改。请联系其供应商或停用该模块。",
)
