"""One plan, carried out by the model and by a tenant: both must say the same after each act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from core.db.database import Database
from core.ledger.verify import verify
from tests.core.ledger.model.ledger import Ledger
from tests.core.ledger.model.papers import Act, Hold, Paper, Release, Setup, Step, Undo
from tests.core.ledger.model.tenant import Figures, Tenant


@dataclass
class Comparison:
    """``plan`` holds every act so far; those of one number of ``together`` went in as one batch."""

    db: Database
    superuser_url: str
    ledger: Ledger
    tenant: Tenant
    plan: list[Act] = field(default_factory=list)
    together: list[int] = field(default_factory=list)
    deserved: list[set[str]] = field(default_factory=list)
    batch: int = 0
    broken: bool = False

    @classmethod
    async def open(cls, db: Database, superuser_url: str, setup: Setup) -> Comparison:
        tenant = await Tenant.open(db, setup, superuser_url)
        return cls(db, superuser_url, Ledger(setup), tenant)

    def expect(self, act: Act) -> None:
        """Let the model carry out an act that will be asked of the tenant."""
        self.plan.append(act)
        self.together.append(self.batch)
        self.deserved.append(self.ledger.submit(act))

    async def carry_out(self, acts: Sequence[Act]) -> None:
        """Ask the tenant, for all acts at once, and compare. AssertionError where they differ."""
        if len(self.deserved) < len(self.plan) or self.plan[-len(acts) :] != list(acts):
            for act in acts:
                self.expect(act)
        self.batch += 1
        self.broken = True
        told = await _submit(self.tenant, acts)
        for act, codes, wanted in zip(acts, told, self.deserved[-len(acts) :], strict=True):
            same = bool(codes) == bool(wanted) and set(codes) <= wanted
            assert same, f"{act}: told {codes}, deserves {wanted or 'to be posted'}"
        await self.compare(self.tenant)
        self.broken = False

    async def compare(self, tenant: Tenant) -> None:
        wanted, found = expected(self.ledger), await tenant.figures()
        for name, rows in wanted.items():
            apart = {
                key: f"model {_told(rows.get(key))}, books {_told(found[name].get(key))}"
                for key in {**rows, **found[name]}
                if rows.get(key) != found[name].get(key)
            }
            assert not apart, f"{name}: {apart}"

    async def finish(self) -> None:
        """The books tally; and the same plan, everything that can go together in one batch, gives the
        same books in another tenant."""
        await self._tally(self.tenant)
        twin = await Tenant.open(self.db, self.ledger.setup, self.superuser_url)
        batch: list[Act] = []
        for act in self.plan:
            # an order that comes with its promise run out counts in its own batch, which is not right
            if not isinstance(act, Paper | Undo) or (isinstance(act, Paper) and act.expired):
                await _submit(twin, batch)
                await _submit(twin, [act])
                batch = []
            else:
                batch.append(act)
        await _submit(twin, batch)
        await self.compare(twin)
        await self._tally(twin)

    async def _tally(self, tenant: Tenant) -> None:
        found = await verify(self.db, tenant.world.principal.tenant_id, deep=True)
        assert not found, found


async def _submit(tenant: Tenant, acts: Sequence[Act]) -> list[list[str]]:
    if len(acts) == 1:
        return [await tenant.submit(acts[0])]
    papers = [act for act in acts if isinstance(act, Paper | Undo)]
    return await tenant.submit_many(papers) if papers else []


def expected(ledger: Ledger) -> Figures:
    """The model's figures as :meth:`Tenant.figures` tells them."""
    now = ledger.now
    accounts = dict(now.accounts)
    for (_, place, *_), pool in now.pools.items():
        if place == "in_transit":
            accounts[place] = accounts.get(place, Fraction(0)) + pool.value
    stock = ledger.stock(now)
    places = [place for place in ledger.setup.places if place != "in_transit"]
    return {
        "on hand": {cell: q for cell, q in now.on_hand.items() if q},
        "pools": {n: (p.quantity, p.value) for n, p in now.pools.items() if p.quantity or p.value},
        "layers": {
            (*name, *when): (layer.quantity, layer.value)
            for name, pool in now.pools.items()
            for when, layer in pool.layers.items()
        },
        "accounts": {account: value for account, value in accounts.items() if value},
        "promises": {(p.order, p.line): p.quantity for p in ledger.promises()},
        "available": {
            (item, place): stock.available(item, place)
            for item in ledger.setup.items
            for place in places
        },
    }


def _told(value: object) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    return " worth ".join(str(part) for part in parts)


# making a failure small


async def failure(db: Database, superuser_url: str, setup: Setup, plan: list[list[Act]]) -> str:
    """How the plan, batch by batch, makes model and books differ; empty if it does not."""
    run = await Comparison.open(db, superuser_url, setup)
    try:
        for acts in plan:
            await run.carry_out(acts)
        await run.finish()
    except AssertionError as error:
        return str(error)
    except KeyError:  # it goes back to what is no longer posted
        return ""
    return ""


async def reduced(run: Comparison, most: int = 150) -> tuple[list[list[Act]], str]:
    """The plan without what is not needed to make it fail: faster than shrinking, for it leaves out
    whole acts and draws nothing anew. At most so many attempts."""
    plan: list[list[Act]] = []
    for act, batch in zip(run.plan, run.together, strict=True):
        if batch == len(plan):
            plan.append([])
        plan[batch].append(act)
    setup = run.ledger.setup
    told = await failure(run.db, run.superuser_url, setup, plan)
    for n in range(len(plan) - 1, -1, -1):
        for k in range(len(plan[n]) - 1, -1, -1):
            shorter = [list(acts) for acts in plan]
            gone = shorter[n].pop(k)
            if most <= 0 or _needed(gone, shorter):
                continue
            most -= 1
            shorter_ = [acts for acts in shorter if acts]
            error = await failure(run.db, run.superuser_url, setup, shorter_)
            if error:
                plan, told = shorter, error
    return [acts for acts in plan if acts], told


def _needed(gone: Act, plan: list[list[Act]]) -> bool:
    """Whether another act goes back to this one."""
    if not isinstance(gone, Paper | Undo | Hold):
        return False
    named: set[int | None] = set()
    for act in (act for acts in plan for act in acts):
        match act:
            case Paper():
                named.add(act.source)
            case Undo():
                named.add(act.original)
            case Release():
                named.add(act.hold)
            case Step():
                named.add(act.order)
    return gone.no in named
