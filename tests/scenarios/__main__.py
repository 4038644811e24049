"""``python -m tests.scenarios PATH…``: exit code 0 only if every scenario agrees."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.scenarios import ledger, report
from tests.scenarios.model import Broken, files
from tests.scenarios.run import judge


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is named on the command line and print the verdicts."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument(
        "--allow-not-yet",
        action="store_true",
        help="exit 0 although the product does not offer yet what some scenarios ask for",
    )
    options = parser.parse_args(arguments)
    try:
        found = list(files(options.paths))
    except Broken as broken:
        print(broken, file=sys.stderr)
        return 2
    verdicts = []
    with ledger.house() as run_ledger:
        for path in found:
            verdicts.append(judge(path, run_ledger))
            print(report.line(verdicts[-1]), flush=True)
    print()
    for text in report.table(verdicts):
        print(text)
    return 0 if report.passed(verdicts, allow_not_yet=options.allow_not_yet) else 1


if __name__ == "__main__":
    sys.exit(main())
