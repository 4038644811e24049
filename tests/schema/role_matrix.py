"""The table of who may do what: every root field, type and guarded field by every role.

``python -m tests.schema.role_matrix`` writes it anew. Review what changes in it: the table is how
somebody notices that a field was opened to a role by accident.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from core.tenancy.rules import ROLES
from schema.compose import core_schema
from schema.protect import grants

TABLE = Path(__file__).with_suffix(".csv")


def table() -> str:
    """The table as the program has it. ``(part)`` and its like are no permissions of a role: see
    ``schema/access.py``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["what", "permission", *ROLES])
    for grant in grants(core_schema()._schema):
        writer.writerow([grant.what, grant.permission, *(_cells(grant.permission))])
    return text.getvalue()


def _cells(permission: str) -> list[str]:
    if permission.startswith("("):
        return [""] * len(ROLES)
    return ["yes" if permission in role.permissions else "no" for role in ROLES.values()]


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
