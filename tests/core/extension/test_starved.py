"""A hook that works while the machine is busy with other work is not taken for one that hangs."""

from __future__ import annotations

import gc
import time
import weakref

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


def test_an_interruption_is_not_lost_while_garbage_is_collected() -> None:
    """Python ignores what is raised there: the block went on, and the next alarm ended the process."""

    class Knot:
        def __init__(self) -> None:
            self.myself = self

    def spin(_: object) -> None:
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass

    knot = Knot()
    watched = weakref.ref(knot, spin)
    del knot

    def collect_and_hang() -> None:
        gc.collect()
        assert watched() is None, "the collection was interrupted"
        while True:
            pass

    with pytest.raises(HookTimeout), interrupted(0.05):
        collect_and_hang()
