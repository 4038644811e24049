"""The house rules that no other tool knows. Each names the accident it prevents, and is shown a planted
violation, so that a rule that has gone blind is noticed."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("core", "schema", "plugins", "server")

Check = Callable[[str], Iterator[tuple[int, str]]]


class Rule(NamedTuple):
    """``check`` yields line and word of each violation in a source text; ``within`` and ``except_``
    are patterns of paths."""

    accident: str
    check: Check
    within: tuple[str, ...]
    except_: tuple[str, ...]
    planted: str


def _matches(pattern: str, flags: int = 0) -> Check:
    found = re.compile(pattern, flags)

    def check(source: str) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(source.splitlines(), start=1):
            if match := found.search(line):
                yield number, match.group()

    return check


_SQL = re.compile(
    r"\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+(\s\w+)?\s+set\s|delete\s+from\s)",
    re.IGNORECASE | re.DOTALL,
)


def _sql(source: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_sa = isinstance(node.func.value, ast.Name) and node.func.value.id == "sa"
            if of_sa and node.func.attr in ("select", "insert", "update", "delete", "text"):
                yield node.lineno, f"sa.{node.func.attr}("
            elif node.func.attr in ("execute", "executemany"):
                yield node.lineno, f".{node.func.attr}("
        elif isinstance(node, ast.Constant) and _SQL.match(str(node.value)):
            yield node.lineno, str(node.value).split()[0]


def _floats(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id == "float":
            yield node.lineno, "float"
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, str(node.value)


# Promises and tokens expire as well, and a lot's code is 批号 in any trade: such words are not listed.
_INDUSTRY = (
    r"\b(expiry.dates?|shelf.?life|best.before|fefo|imei|serial.?numbers?|warranty|boms?|"
    r"bill.of.materials?|colou?rs?|size.?run|prepacks?|seasons?|recipes?|ingredients?|"
    r"work.?orders?|batch.?numbers?|garments?)\b|"
    r"保质期|临期|生产日期|序列号|颜色|尺码|款式|配方|物料清单|工单"
)

RULES = {
    "only the unit of work commits": Rule(
        "half of a posting is durable and the other half rolls back",
        _matches(r"\.commit\("),
        ("core/*", "schema/*", "plugins/*", "server/*"),
        ("core/db/*",),
        "await tx.sql.commit()",
    ),
    "SQL lies in the files meant for it": Rule(
        "a query in a resolver runs once per row, outside the order of locks",
        _sql,
        ("core/*", "schema/*", "plugins/*", "server/*"),
        (
            "core/db/*",
            "core/search.py",  # the text of the search functions, for migrations
            "core/*/tables.py",
            "core/documents/queries.py",
            "core/documents/reading.py",
            "core/documents/storing.py",
            "core/indicators/queries.py",
            "core/ledger/history.py",
            "core/ledger/holds.py",
            "core/ledger/invariants.py",
            "core/ledger/periods.py",
            "core/ledger/reading.py",
            "core/ledger/seal.py",
            "core/ledger/tracing.py",
            "core/ledger/verify.py",
            "core/ledger/views/*",
            "core/ledger/writing.py",
            "plugins/*/stock.py",
            "plugins/*/stock/*",  # what a module asks of its goods on hand
            "server/testing/live.py",  # looks into catalogues
            "server/testing/postgres.py",  # makes databases
            "plugins/*/tables.py",
        ),
        'found = await rows(tx, "SELECT id FROM item")',
    ),
    "no float where money and goods are counted": Rule(
        "0.1 + 0.2 becomes 0.30000000000000004 in somebody's books",
        _floats,
        ("core/ledger/*", "core/documents/*", "core/catalogue/*", "core/decimals.py"),
        (),
        "def share(amount: float) -> Decimal: ...",
    ),
    "tables are made by the helpers": Rule(
        "a table without tenant_id first, or without row-level security, shows a stranger's rows",
        _matches(r"\bsa\.Table\("),
        ("core/*", "plugins/*"),
        ("core/db/metadata.py", "core/extension/plugin_tables.py"),
        "note = sa.Table('note', metadata)",
    ),
    "no word of an industry": Rule(
        "a trade creeps into the core, and every other trade pays for it (P1)",
        _matches(_INDUSTRY, re.IGNORECASE),
        ("core/*", "schema/*"),
        (),
        "shelf_life: int | None",
    ),
    "suppressions name what they suppress": Rule(
        "a bare suppression hides the next fault on its line as well",
        _matches(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:))"),
        (
            "core/*",
            "schema/*",
            "plugins/*",
            "server/*",
            "benchmarks/*",
            "tests/*",
            "examples/*",
            "docs/*",
        ),
        ("tests/test_tidy.py",),
        "value = read()  # type: ignore",
    ),
}

LONGEST = 450
"""Lines of a file. The aim is 400: past it, ask whether the file holds two things."""

LONG: dict[str, str] = {}
"""Files that are longer, and why."""

LONGEST_FUNCTION = 70


def sources() -> Iterator[tuple[str, str]]:
    """Path and text of every Python file of ours."""
    for folder in (*PACKAGES, "benchmarks", "tests", "examples", "docs"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


@pytest.mark.parametrize("name", RULES)
def test_rule_is_kept(name: str) -> None:
    rule = RULES[name]
    broken = [
        f"{path}:{line}: {word}"
        for path, source in sources()
        if _any(path, rule.within) and not _any(path, rule.except_)
        for line, word in rule.check(source)
    ]
    assert not broken, f"{name}, or {rule.accident}:\n" + "\n".join(broken)


@pytest.mark.parametrize("name", RULES)
def test_rule_finds_a_planted_violation(name: str) -> None:
    assert [*RULES[name].check(f"\n{RULES[name].planted}\n")]


@pytest.mark.parametrize("name", RULES)
def test_rule_is_looking_somewhere(name: str) -> None:
    # An exception for a file that is gone would wait for another file of its name.
    paths = [path for path, _ in sources()]
    patterns = [p for p in (*RULES[name].within, *RULES[name].except_) if "plugins/" not in p]
    assert [p for p in patterns if not any(fnmatch(path, p) for path in paths)] == []


def test_files_are_short() -> None:
    """A file that outgrew its reader is read by nobody, and changed by everybody."""
    lengths = {path: source.count("\n") for path, source in sources()}
    assert [path for path, n in lengths.items() if n > LONGEST and path not in LONG] == []


def test_functions_are_short() -> None:
    """A function that does not fit a screen is understood in halves."""
    assert list(_long_functions()) == []


def test_what_others_call_is_explained() -> None:
    """A service without a word about its errors is called by people who guess them."""
    bare = [
        f"{path}: {node.name}"
        for path, source in sources()
        if _any(path, ("core/*/service.py", "core/*/rules.py", "core/ledger/posting.py"))
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert bare == []


def test_our_names_are_ours() -> None:
    """The import names are plain words: another distribution's ``core`` would be imported instead."""
    owners = packages_distributions()
    foreign = {name: set(owners.get(name, ())) - {"tallybook"} for name in PACKAGES}
    assert {name: found for name, found in foreign.items() if found} == {}


def test_imports_go_one_way() -> None:
    """Where core imports the web, it cannot be read, tested or reused without it."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def _any(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def _long_functions() -> Iterator[str]:
    for path, source in sources():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    yield f"{path}: {node.name} has {length} lines"
