"""Where the databases of test runs lie: one folder per run, in the system's folder for temporary files."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

_PREFIX = "tallybook-test-"
_ABANDONED_SECONDS = 3600


def folder_of_run() -> Path:
    """The folder that all workers of this run share."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{run}"


def abandoned() -> list[Path]:
    """Folders of runs that ended long ago without removing them."""
    found = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    return [folder for folder in found if _age(folder) > _ABANDONED_SECONDS]


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except FileNotFoundError:  # another run is removing it
        return 0
