"""Refusals: what the product answers when it will not do what was asked.

A refusal has a stable *code* that programs branch on, a *path* into the caller's input, and *details*
with the figures. Its sentence, in English and Chinese, is defined next to the rule that refuses
(:func:`define`), so that a new rule cannot ship without one (W7).

Refusals are values while rules decide (a rule returns a list of them) and become one exception,
:class:`Refused`, where a service gives up its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Language = Literal["en", "zh"]

PathPart = str | int
_CATALOGUE: dict[str, dict[Language, str]] = {}


def define(code: str, *, en: str, zh: str) -> str:
    """Publish a refusal code with its sentence in both languages and return the code.

    Sentences are ``str.format`` templates over the refusal's details. Defining a code twice with other
    words is a programming error.
    """
    sentences: dict[Language, str] = {"en": en, "zh": zh}
    if _CATALOGUE.setdefault(code, sentences) != sentences:
        raise ValueError(f"refusal code {code} is defined twice")
    return code


def codes() -> Mapping[str, Mapping[Language, str]]:
    """All published codes with their sentences, sorted by code."""
    return MappingProxyType(dict(sorted(_CATALOGUE.items())))


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a request was not carried out.

    ``path`` leads into the input (``("lines", 2, "quantity")``); ``details`` hold what the sentence
    names, as plain strings, numbers and decimals.
    """

    code: str
    path: tuple[PathPart, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def message(self, language: Language = "en") -> str:
        """The sentence in the caller's language; a missing detail shows as its name."""
        return _CATALOGUE[self.code][language].format_map(_Shown(self.details))

    def under(self, *prefix: PathPart) -> Refusal:
        """The same refusal, seen from further out."""
        return Refusal(self.code, (*prefix, *self.path), self.details)


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return key


class Refused(Exception):
    """Carries refusals out of a transaction, which is rolled back: a refusal leaves nothing behind."""

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals = refusals
        super().__init__("; ".join(r.message() for r in refusals))


def refuse(code: str, /, *path: PathPart, **details: Any) -> Refused:
    """Shorthand for a single refusal: ``raise refuse(NOT_FOUND, "item", id=item_id)``."""
    return Refused(Refusal(code, path, details))


def raise_any(refusals: Iterable[Refusal]) -> None:
    """Raise :class:`Refused` if there is at least one refusal."""
    found = tuple(refusals)
    if found:
        raise Refused(*found)


NOT_FOUND = define(
    "NOT_FOUND",
    en="Nothing of this kind has the id {id}.",
    zh="没有找到编号为 {id} 的对象。",
)
INVALID = define("INVALID", en="{reason}", zh="{reason_zh}")
REQUIRED = define("REQUIRED", en="{field} is required.", zh="必须填写 {field}。")
TOO_LONG = define(
    "TOO_LONG",
    en="{field} may have at most {limit} characters.",
    zh="{field} 最多 {limit} 个字符。",
)
BAD_TEXT = define(
    "BAD_TEXT",
    en="{field} contains characters that cannot be stored (NUL, control or unpaired surrogates).",
    zh="{field} 含有无法保存的字符(NUL、控制字符或不成对的代理项)。",
)
DUPLICATE = define(
    "DUPLICATE",
    en="{field} {value} is already taken.",
    zh="{field} {value} 已被使用。",
)
STALE_REVISION = define(
    "STALE_REVISION",
    en="Someone changed this meanwhile (revision {actual}, you saw {seen}). Read it again, then repeat.",
    zh="内容已被他人修改(当前版本 {actual},您看到的是 {seen})。请重新读取后再操作。",
)
PERMISSION_DENIED = define(
    "PERMISSION_DENIED",
    en="Your role does not have the permission {permission}.",
    zh="您的角色没有权限 {permission}。",
)
LIMIT_EXCEEDED = define(
    "LIMIT_EXCEEDED",
    en="{field} may be at most {limit}.",
    zh="{field} 最大为 {limit}。",
)
