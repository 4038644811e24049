"""Text that people enter: cleaned once at the door, so that equal names are stored as equal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

from core.errors import BAD_TEXT, REQUIRED, TOO_LONG, refuse

CODE_LIMIT = 64
NAME_LIMIT = 255

# Marks that change reading order or are invisible: two codes that look the same must be the same.
_HIDDEN = frozenset(
    chr(point)
    for low, high in ((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2069))
    for point in range(low, high + 1)
) | {"\u00ad", "\u061c", "\ufeff"}

_WORDS = re.compile(r"[a-z]+|[0-9]+", re.IGNORECASE)


def clean(
    text: str, field: str, limit: int, *, required: bool = True, multiline: bool = False
) -> str:
    """``text`` in NFC, without surrounding blanks, at most ``limit`` characters.

    Refuses what cannot be stored or shown honestly (BAD_TEXT), what is too long (TOO_LONG), and
    empty text unless ``required`` is false (REQUIRED). ``multiline`` lets line breaks pass.
    """
    allowed = "\n\r\t" if multiline else ""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in text):
        raise refuse(BAD_TEXT, field, field=field)
    cleaned = unicodedata.normalize("NFC", text).strip()
    if required and not cleaned:
        raise refuse(REQUIRED, field, field=field)
    if len(cleaned) > limit:
        raise refuse(TOO_LONG, field, field=field, limit=limit)
    return cleaned


def clean_code(text: str, field: str = "code", limit: int = CODE_LIMIT) -> str:
    """Like :func:`clean`, and refuses invisible marks and bidirectional overrides."""
    cleaned = clean(text, field, limit)
    if not _HIDDEN.isdisjoint(cleaned):
        raise refuse(BAD_TEXT, field, field=field)
    return cleaned


def code_key(code: str, *, case_sensitive: bool) -> str:
    """What makes a code unique: the code itself, or without regard to case."""
    return code if case_sensitive else code.casefold()


@lru_cache(maxsize=4096)
def mnemonic(name: str) -> str:
    """The mnemonic code (助记码) of a name: first letters of the pinyin, upper-cased.

    Words in Latin letters give their first letter, numbers stay whole:
    可口可乐 330ml becomes ``KKKL330M``.
    """
    letters = []
    for han, run in groupby(name, key=_is_han):
        part = "".join(run)
        if han:
            letters.append(_initials(part))
        else:
            plain = unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode()
            letters += [w if w.isdigit() else w[0] for w in _WORDS.findall(plain)]
    return "".join(letters).upper()[:CODE_LIMIT]


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"


def _initials(han: str) -> str:
    # Imported on first use: its dictionary costs memory that readers never need.
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(han, style=Style.FIRST_LETTER, errors="ignore"))
