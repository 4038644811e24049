"""A hook that works while the machine is busy with other work is not taken for one that hangs."""

from __future__ import annotations

import time

import pytest

from core.extension import containment
from core.extension.containment import HookTimeout, interrupted


@pytest.mark.parametrize(("used", "spared"), [(0.0, False), (0.2, True), (0.9, False)])
def test_what_works_on_a_busy_machine_is_spared_once(
    used: float, spared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``used`` is the processor time that the block had when its time was over."""
    with interrupted(60.0):
        since = containment._began[0][0]
        monkeypatch.setattr(time, "thread_time", lambda: since + 60.0 * used)
        if spared:
            containment._alarm(0, None)
        with pytest.raises(HookTimeout):
            containment._alarm(0, None)
