"""JSON from strangers: read once, strictly.

The parser of the standard library is kind: it takes ``NaN``, lets the last of two equal keys win, and
recurses as deep as the sender likes. Each of these is somebody's attack (reliability rule 16).
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

from core.errors import BAD_TEXT, refuse
from schema.errors import BAD_JSON
from schema.limits import MAX_JSON_DEPTH, unstorable

# Possessive, and content with a string that never ends: linear whatever is sent.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"[]", b"{}")

# Only an escape, DEL or a C1 control (U+0080 to U+009F in UTF-8) can bring in what is not storable:
# other control characters are no valid JSON. So the values are looked at one by one only then.
_SUSPICIOUS = re.compile(rb"\\u|\x7f|\xc2[\x80-\x9f]")


def read_json(body: bytes) -> Any:
    """The value in ``body``.

    Refuses with BAD_JSON what is not JSON in UTF-8, nested deeper than 32, has a key twice, or names
    numbers that are none; and with BAD_TEXT, at its path, text that cannot be stored.
    """
    if _too_deep(body):
        raise refuse(BAD_JSON, reason=f"it is nested deeper than {MAX_JSON_DEPTH}")
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_without_twins, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise refuse(BAD_JSON, reason="it is not in UTF-8") from None
    except json.JSONDecodeError as error:
        raise refuse(BAD_JSON, reason=f"{error.msg} at position {error.pos}") from None
    except ValueError:
        raise refuse(BAD_JSON, reason="a number in it is too long") from None
    if _SUSPICIOUS.search(body):
        check_text(value)
    return value


def query_in(body: bytes) -> str:
    """The GraphQL document of a request, found in a quarter of the time that reading it strictly
    takes; empty where there is none. For deciding whether a large body is worth reading at all."""
    try:
        query = orjson.loads(body)["query"]
    except (ValueError, TypeError, LookupError):
        return ""
    return query if isinstance(query, str) else ""


def _too_deep(body: bytes) -> bool:
    """Without recursion, and without looking at a byte from Python."""
    if body.count(b"[") + body.count(b"{") <= MAX_JSON_DEPTH:
        return False  # spares a long flat list the search for its strings
    brackets = _STRING.sub(b"", body).translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(MAX_JSON_DEPTH):
        if not brackets:
            return False
        # Takes away the innermost level. What is not balanced stays, and the parser finds it.
        inner = brackets.replace(b"{}", b"")
        if inner == brackets:
            return b"{" * (MAX_JSON_DEPTH + 1) in brackets
        brackets = inner
    return bool(brackets)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise refuse(BAD_JSON, reason="an object in it has the same key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise refuse(BAD_JSON, reason=f"{name} is not a number")


def check_text(value: Any) -> None:
    """Refuse the first text in ``value`` that cannot be stored, naming where it is."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        path, found = waiting.pop()
        if isinstance(found, str):
            if unstorable(found):
                raise refuse(BAD_TEXT, *path, field=str(path[-1]) if path else "text")
        elif isinstance(found, list):
            waiting.extend(((*path, index), item) for index, item in enumerate(found))
        elif isinstance(found, dict):
            for key, item in found.items():
                if unstorable(key):
                    raise refuse(BAD_TEXT, *path, field="key")
                waiting.append(((*path, key), item))
