"""Any order of acts on a world, for the property tests of goods in work: what both of them share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.ledger_world import World

ways = st.sampled_from(
    [
        (method, scope)
        for method in ("moving_average", "fifo", "standard")
        for scope in ("item", "item_place", "item_lot", "item_lot_place")
    ]
    + [("specific", "item_lot"), ("specific", "item_lot_place")]
)
"""Method and scope of cost."""

any_order = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class Acting:
    """Carries out acts, each a kind, an amount and how, by the method of the kind's name; what is refused
    is left out. A document of a kind in ``bears`` bears landed cost."""

    bears: tuple[str, ...]

    def __init__(self, world: World, late: bool) -> None:
        self.world, self.late = world, late
        self.today, self.turn = 1, 0
        self.posted: list[UUID] = []
        self.bearing: list[UUID] = []

    async def do(self, act: tuple[Any, ...]) -> None:
        self.turn += 1
        self.today = min(28, self.today + self.turn % 2)
        kind, amount, how = act
        if kind == "reverse":
            if self.posted:
                of = self.posted[amount % len(self.posted)]
                await self.world.undo(of, self.today if how else None)
            return
        on = max(1, self.today - 3) if self.late and self.turn % 3 == 0 else self.today
        verdict = await getattr(self, f"_{kind}")(amount, how, {"on": on})
        if verdict is not None and verdict.outcome is not None:
            self.posted.append(UUID(verdict.outcome["id"]))
            if kind in self.bears:
                self.bearing.append(self.posted[-1])

    async def _land(self, which: int, cost: str, head: dict[str, Any]) -> Any:
        if not self.bearing:
            return None
        of = self.bearing[which % len(self.bearing)]
        head |= {"source_id": of, "extra_cost": cost, "place_id": None}
        return await self.world.try_("landed_cost", **head)


async def ours_is_what_came(world: World) -> None:
    """What is ours is worth what came from elsewhere and did not go there."""
    ((ours,),) = await world.rows("SELECT coalesce(sum(value), 0) FROM pool")
    assert ours == -sum((await world.accounts()).values())
