"""What depends on the attributes of a variant, such as a line of a bill of material. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def applies(conditions: Mapping[str, Collection[str]], variant: Mapping[str, str]) -> bool:
    """Whether a variant meets conditions: alternatives within an attribute, and all attributes at
    once. What names no attribute applies to every variant; a variant that lacks one does not meet it.
    """
    return all(variant.get(name) in values for name, values in conditions.items() if values)
