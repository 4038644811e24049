"""The benchmark runs from end to end: it tallies and fills its tables. Its figures are not looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.goals import GOALS, IDS

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_it_runs_tallies_and_tells(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks", "--size", "tiny", "--json", str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(path.read_text())
    assert found["books"].startswith("they tally")
    assert found["ceiling"] > 0
    assert found["rows"]["entry"] == 6
    assert [goal["id"] for goal in found["goals"]] == [goal.id for goal in GOALS]
    for goal in GOALS:
        for processes in (1, 2):
            assert all(found["turns"][name] for name in goal.names(processes))
    steps, parts = found["breakdown"]["steps"], ("python", "database")
    inside = sum(step[part] for step in steps for part in parts)
    assert inside + found["breakdown"]["outside"] == pytest.approx(found["breakdown"]["total"])
    by_name = {step["name"]: step for step in steps}
    assert by_name["door: writes"]["statements"] > 0
    assert by_name["door: commit"]["database"] > 0
    for word in (*IDS, "Contestants", "Where the microseconds"):
        assert word in run.stdout


def test_a_trace_is_right(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks", "trace", "--size", "tiny", "--json", str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(path.read_text())["trace"]
    assert (found["movements"], found["batches"], found["customers"]) == (200, 101, 2)
    assert all(found[what] > 0 for what in ("trace", "documents", "floor", "ratio"))
    assert "Trace of 200 movements" in run.stdout


def test_units_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks", "serials", "--size", "tiny", "--json", str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(path.read_text())["serials"]
    assert found["units"] == 200
    assert found["ratio"] == pytest.approx(found["rate"] / found["untracked"])
    assert "One line of 200 serial numbers" in run.stdout


def test_what_is_gone_is_weighed(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks", "emptied", "--size", "tiny", "--json", str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(path.read_text())["emptied"]
    assert found["units"] == 200
    assert all(found[what] > 0 for what in ("used", "fresh", "ratio"))
    assert "A posting to an item with 200 units gone" in run.stdout


def test_an_unknown_goal_is_refused() -> None:
    command = [sys.executable, "-m", "benchmarks", "B99"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "B99" in run.stderr


def test_runs_of_planning_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks", "plan", "--size", "tiny", "--json", str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    deep, *runs = json.loads(path.read_text())["plan"]["figures"]
    assert deep["items"] == 11
    assert [one["items"] for one in runs] == [25, 50, 100]
    assert all(one["rows"] >= 25 * one["items"] and one["seconds"] > 0 for one in runs)
    assert "Planning: 26 weeks" in run.stdout
