"""What `tallybook plugin new` writes can be installed, passes its own tests and the contract suite, and is
as clean as our own code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Refused
from server.cli_plugin import PLUGIN_EXISTS, PLUGIN_NAME, check_name, words_of, write

NAME = "loyalty_points2"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The new plugin, as the command line writes it."""
    folder = tmp_path_factory.mktemp("made") / "out"
    command = [sys.executable, "-m", "server.cli", "plugin", "new", NAME, "--folder", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert all(Path(line).is_file() for line in run.stdout.splitlines())
    return folder


@pytest.mark.parametrize(("name", "prefix"), [("goods_ratings", "GRX"), ("loyalty_points2", "LP")])
def test_its_documents_have_numbers_of_their_own(name: str, prefix: str) -> None:
    assert words_of(name)["prefix"] == prefix


@pytest.fixture(scope="module")
def installed(made: Path) -> Path:
    """The folder into which pip installed it, beside what is installed already."""
    target = made.parent / "site"
    command = ["pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    run = _python(made, "-m", *command, "--target", str(target), str(made))
    assert run.returncode == 0, run.stderr
    return target


def test_it_passes_its_tests_and_the_contract(made: Path, installed: Path) -> None:
    chosen = [
        "tests/test_module.py",
        "--pyargs",
        "server.testing.contract",
        "-k",
        f"test_module or {NAME}",
    ]
    run = _python(made, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen, path=installed)
    assert run.returncode == 0, run.stdout[-5000:]


def test_it_is_migrated_like_the_rest(installed: Path, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    run = _python(tmp_path, "-m", "server.cli", "migrate", *data, path=installed)
    assert run.returncode == 0, run.stderr
    assert f"{NAME}_0001" in run.stdout.split()


def test_it_is_clean(made: Path, installed: Path) -> None:
    rules = "E,F,W,I,B,UP,RUF100"
    checked = _python(
        made, "-m", "ruff", "check", "--isolated", "--select", rules, "--ignore", "E501", "."
    )
    assert checked.returncode == 0, checked.stdout
    typed = _python(made, "-m", "mypy", "--strict", "-p", NAME, path=made)
    assert typed.returncode == 0, typed.stdout


@pytest.mark.parametrize(
    "name",
    ["Loyalty", "loyalty-points", "2loyal", "_loyal", "a__b", "a_", "", "class", "json", "core"]
    + ["pytest", "x" * 25, "积分", "../x"],
)
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(Refused) as caught:
        check_name(name)
    assert caught.value.refusals[0].code == PLUGIN_NAME


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Refused) as caught:
        write(NAME, tmp_path)
    assert caught.value.refusals[0].code == PLUGIN_EXISTS
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    (tmp_path / "empty").mkdir()
    assert write(NAME, tmp_path / "empty")


@pytest.mark.parametrize(
    ("name", "pascal", "camel", "prefix"),
    [("price_guard", "PriceGuard", "priceGuard", "PG"), ("loyalty", "Loyalty", "loyalty", "LX")],
)
def test_words_of_a_name(name: str, pascal: str, camel: str, prefix: str) -> None:
    words = words_of(name)
    assert (words["Pascal"], words["camel"], words["prefix"]) == (pascal, camel, prefix)


def _python(
    folder: Path, *words: str, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**_own_environment(), "PYTHONPATH": str(path or "")},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def _own_environment() -> dict[str, str]:
    """The environment without what says that this is a worker of a test run: the tests in there would take
    our database for theirs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
