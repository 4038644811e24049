"""What the runner prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.scenarios.run import Outcome, Verdict


def line(verdict: Verdict) -> str:
    """One line per scenario: the outcome, its id, and what differed."""
    reasons = "; ".join(verdict.reasons)
    return f"{verdict.outcome:<8} {verdict.name:<40} {reasons}".rstrip()


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """How many of each outcome per module, and at the end ``N of M agree``."""
    yield f"{'module':<12} {'agree':>7} {'differ':>7} {'not yet':>7} {'all':>7}"
    for module in sorted({verdict.module for verdict in verdicts}):
        outcomes = [verdict.outcome for verdict in verdicts if verdict.module == module]
        counts = " ".join(f"{outcomes.count(outcome):>7}" for outcome in Outcome)
        yield f"{module:<12} {counts} {len(outcomes):>7}"
    agreed = sum(verdict.outcome is Outcome.AGREE for verdict in verdicts)
    yield f"{agreed} of {len(verdicts)} agree"


def passed(verdicts: Sequence[Verdict], *, allow_not_yet: bool) -> bool:
    """Whether all agree. What is not yet offered counts against it unless that is allowed."""
    fine = {Outcome.AGREE, Outcome.NOT_YET} if allow_not_yet else {Outcome.AGREE}
    return bool(verdicts) and all(verdict.outcome in fine for verdict in verdicts)
