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
    asked: int = 0
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

    async def carry_out(self, *acts: Act) -> None:
        """Ask the tenant, at once, for these acts and for those that it is expected to carry out, and
        compare. AssertionError where they differ."""
        for act in acts:
            self.expect(act)
        self.broken = True
        await self._ask(self.tenant, range(self.asked, len(self.plan)))
        await self.compare(self.tenant)
        self.broken = False
        self.asked, self.batch = len(self.plan), self.batch + 1

    async def _ask(self, tenant: Tenant, numbers: Sequence[int]) -> None:
        """Ask a tenant for acts of the plan, at once where there are several."""
        acts = [self.plan[n] for n in numbers]
        papers = [act for act in acts if isinstance(act, Paper | Undo)]
        if len(papers) > 1:
            told = await tenant.submit_many(papers)
        else:
            told = [await tenant.submit(act) for act in acts]
        for n, act, codes in zip(numbers, acts, told, strict=True):
            wanted = self.deserved[n]
            same = bool(codes) == bool(wanted) and set(codes) <= wanted
            assert same, f"{act}: told {codes}, deserves {wanted or 'to be posted'}"

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
        batch: list[int] = []
        for n, act in enumerate(self.plan):
            # an order that comes with its promise run out counts in its own batch, which is not right
            if isinstance(act, Paper | Undo) and not (isinstance(act, Paper) and act.expired):
                batch.append(n)
                continue
            await self._ask(twin, batch)
            await self._ask(twin, [n])
            batch = []
        await self._ask(twin, batch)
        await self.compare(twin)
        await self._tally(twin)

    async def _tally(self, tenant: Tenant) -> None:
        found = await verify(self.db, tenant.world.principal.tenant_id, deep=True)
        assert not found, found


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
        "covered": {(p.order, p.line): stock.covered(p) for p in stock.promises if not p.incoming},
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
            await run.carry_out(*acts)
        await run.finish()
    except AssertionError as error:
        return str(error)
    except KeyError:  # it goes back to what is no longer posted
        return ""
    return ""


async def reduced(run: Comparison, most: int = 100) -> tuple[list[list[Act]], str]:
    """The plan without what is not needed to make it fail in the same way (what is left may make no sense
    for another reason): faster than shrinking, for it leaves out whole acts, many at a time at first, and
    draws nothing anew. At most so many attempts."""
    setup, acts = run.ledger.setup, list(zip(run.together, run.plan, strict=True))
    told = await failure(run.db, run.superuser_url, setup, _batches(acts))
    size = len(acts) // 2
    while size and told:
        end = len(acts)
        while end > 0 and most:
            shorter = acts[: max(0, end - size)] + acts[end:]
            most -= 1
            error = await failure(run.db, run.superuser_url, setup, _batches(shorter))
            if error and _kind(error) == _kind(told):
                acts, told = shorter, error
            end -= size
        size //= 2
    return _batches(acts), told


def _kind(error: str) -> str:
    """Which figures differ, or that a verdict does."""
    kind, _, _ = error.partition(":")
    return kind if kind.isalpha() else "verdict"


def _batches(acts: list[tuple[int, Act]]) -> list[list[Act]]:
    """The acts that still make sense, batch by batch: none that goes back to what is left out."""
    known: set[int] = set()
    batches: dict[int, list[Act]] = {}
    for number, act in acts:
        match act:
            case Paper():
                needed = act.source
            case Undo():
                needed = act.original
            case Release():
                needed = act.hold
            case Step():
                needed = act.order
            case _:
                needed = None
        if needed is None or needed in known:
            batches.setdefault(number, []).append(act)
            known |= {act.no} if isinstance(act, Paper | Undo | Hold) else set()
    return list(batches.values())
