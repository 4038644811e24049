"""The runner agrees with what is right and reports what is wrong, whichever figure was altered."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.__main__ import main
from tests.scenarios.model import NotYet, Scenario
from tests.scenarios.run import Outcome, Verdict, judge

FIXTURES = Path(__file__).parent.parent / "fixtures" / "scenarios"
CALC = (
    *("cnt-threshold", "res-allocate-ship", "uom-weights"),
    *("food-egg-dates", "food-expired-or-not", "food-fefo-eggs"),
    *("app-size-curve", "app-variant-matrix"),
)


def no_ledger(scenario: Scenario) -> list[str]:
    raise NotYet("ledger")


def judged(folder: Path, content: Any) -> Verdict:
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return judge(path, no_ledger)


def read(name: str) -> dict[str, Any]:
    content = yaml.safe_load((FIXTURES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every figure and word in a nest of mappings and lists."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, (*path, place))
    else:
        yield path


def altered(content: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """The scenario with one expectation made wrong."""
    wrong = copy.deepcopy(content)
    place = wrong["expect"]["results"]
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    if isinstance(old, bool):
        place[path[-1]] = not old
    elif isinstance(old, str):
        place[path[-1]] = f"{old}x"
    else:
        place[path[-1]] = float(Decimal(str(old)) + 1)
    return wrong


@pytest.mark.parametrize("name", CALC)
def test_what_is_right_agrees_and_every_alteration_is_reported(name: str, tmp_path: Path) -> None:
    content = read(name)
    assert judged(tmp_path, content).outcome is Outcome.AGREE
    found = list(leaves(content["expect"]["results"]))
    assert found
    for path in found:
        verdict = judged(tmp_path, altered(content, path))
        assert verdict.outcome is Outcome.DIFFER, path
        assert str(path[0]) in verdict.reasons[0]


@pytest.mark.parametrize("refused", [["s1"], ["s3"]])
def test_a_refusal_that_does_not_come_is_reported(refused: list[str], tmp_path: Path) -> None:
    content = read("res-allocate-ship")
    content["expect"]["refused"] = refused
    verdict = judged(tmp_path, content)
    assert verdict.outcome is Outcome.DIFFER
    assert "expected to be refused" in verdict.reasons[0]


def test_a_refusal_that_is_not_expected_is_reported(tmp_path: Path) -> None:
    content = read("res-allocate-ship")
    content["given"]["cells"]["V2"]["on_hand"] = 1
    verdict = judged(tmp_path, content)
    assert verdict.outcome is Outcome.DIFFER
    assert verdict.reasons[0].startswith("s1: refused: 3 cannot be promised")


def test_what_is_not_offered_is_not_yet(tmp_path: Path) -> None:
    future = {**read("uom-weights"), "module": "weather"}
    assert judged(tmp_path, future).outcome is Outcome.NOT_YET
    content = read("res-allocate-ship")
    content["steps"][0]["colour"] = "red"
    verdict = judged(tmp_path, content)
    assert (verdict.outcome, verdict.reasons) == (Outcome.NOT_YET, ("s1: colour",))


def broken_ones() -> Iterator[Any]:
    """Files that must never count as agreement."""
    yield ["not", "a", "mapping"]
    good = read("res-allocate-ship")
    yield {**good, "extra": 1}
    yield {**good, "kind": "other"}
    yield {**good, "expect": {}}
    yield {**good, "expect": {"results": {}}}
    yield {**good, "expect": {"balances": []}}
    yield {**good, "expect": {"results": {"s9": 1}}}
    yield {**good, "expect": {"refused": ["s9"]}}
    yield {**good, "steps": [{"id": "s1"}]}
    yield {**good, "steps": [*good["steps"], good["steps"][0]]}
    yield {key: value for key, value in good.items() if key != "module"}


@pytest.mark.parametrize("content", list(broken_ones()))
def test_a_file_that_is_not_understood_never_agrees(content: Any, tmp_path: Path) -> None:
    verdict = judged(tmp_path, content)
    assert verdict.outcome is Outcome.DIFFER
    assert verdict.reasons[0].startswith("broken")


def test_a_key_given_twice_is_broken(tmp_path: Path) -> None:
    text = (FIXTURES / "uom-weights.yaml").read_text(encoding="utf-8")
    path = tmp_path / "twice.yaml"
    path.write_text(text.replace("g: 0.001,", "g: 0.001, g: 0.002,"), encoding="utf-8")
    assert "a key twice" in judge(path, no_ledger).reasons[0]


def test_figures_agree_at_the_decimals_written(tmp_path: Path) -> None:
    content = read("uom-weights")
    content["steps"] = [{"id": "s1", "op": "convert", "qty": 2, "from": "kg", "to": "t"}]
    for written, outcome in (("0.002", "agree"), ("0.00", "agree"), ("0.0020", "agree")):
        content["expect"] = {"results": {"s1": "FIGURE"}}
        path = tmp_path / "figure.yaml"
        path.write_text(yaml.safe_dump(content).replace("FIGURE", written), encoding="utf-8")
        assert judge(path, no_ledger).outcome == outcome


def test_the_command_counts_and_says_so_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, future = FIXTURES / "uom-weights.yaml", tmp_path / "future.yaml"
    future.write_text(yaml.safe_dump({**read("uom-weights"), "id": "future", "module": "weather"}))
    assert main([str(good)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 agree"
    assert main([str(good), str(future)]) == 1
    out = capsys.readouterr().out
    assert "not yet  future" in out
    assert out.splitlines()[-1] == "1 of 2 agree"
    assert main(["--allow-not-yet", str(good), str(future)]) == 0
    wrong = tmp_path / "wrong.yaml"
    content = altered(read("uom-weights"), ("s1",))
    wrong.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert main(["--allow-not-yet", str(good), str(wrong)]) == 1
    assert "s1: expected 2.02, is 1.02" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")]) == 1
    assert main([str(tmp_path / "nowhere")]) == 2
