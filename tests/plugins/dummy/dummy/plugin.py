"""A plugin that misbehaves when it is told to, in every hook and in every way.

In a posting the remark of the document says where and how (``check_posting spins``). Hooks that are
handed a transaction look into a table of the plugin's, which its mutation fills; what is sent with an
item says it itself.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa

from core.plugin_api import (
    Manifest,
    Offer,
    Permission,
    Posted,
    Posting,
    Refusal,
    Tables,
    Transaction,
    Work,
    Write,
    hookimpl,
    rows,
)
from schema.plugin_api import (
    PART,
    CreateItemInput,
    Extension,
    Info,
    InputField,
    Payload,
    argument,
    field,
    input_type,
    mutation_field,
    object_type,
    payload_type,
    subscription_field,
)

tables = Tables("dummy")
order = tables.table(
    "order",
    sa.Column("hook", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
)
manifest = Manifest(
    name="dummy",
    version="1",
    core=">=0.1",
    title="Dummy",
    title_zh="测试模块",
    summary="Misbehaves when it is told to.",
    summary_zh="按要求出错的模块。",
    permissions=(Permission("dummy.order"),),
    tables=tables,
    migrations=Path(__file__).parent / "migrations",
)


class Unusual(BaseException):
    """What ``except Exception`` does not catch."""


def raises() -> Any:
    raise RuntimeError("told to")


def raises_base() -> Any:
    raise Unusual("told to")


def exits() -> Any:
    raise SystemExit(3)


def hangs() -> Any:
    time.sleep(3600)


def spins() -> Any:
    while True:
        pass


def spins_on() -> Any:
    while True:
        try:
            spins()
        except BaseException:
            continue


def dies() -> Any:
    os._exit(1)  # 3 says that the start of a worker failed, which ends its supervisor, too


def answers_a_number() -> Any:
    return 5


def answers_much() -> Any:
    return "x" * 100_000_000


SYNC: dict[str, Callable[[], Any]] = {
    function.__name__: function
    for function in (
        raises,
        raises_base,
        exits,
        hangs,
        spins,
        spins_on,
        dies,
        answers_a_number,
        answers_much,
    )
}


async def waits(tx: Transaction) -> Any:
    await asyncio.sleep(3600)


async def swallows(tx: Transaction) -> Any:
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        await asyncio.sleep(3600)


async def commits(tx: Transaction) -> Any:
    await tx.raw.execute(b"COMMIT")


async def rolls_back(tx: Transaction) -> Any:
    await tx.raw.execute(b"ROLLBACK")


async def changes_the_tenant(tx: Transaction) -> Any:
    await tx.raw.execute(b"SELECT set_config('app.tenant', gen_random_uuid()::text, true)")


async def keeps_the_tenant(tx: Transaction) -> Any:
    """For the whole session, past the end of the transaction."""
    await tx.raw.execute(b"SELECT set_config('app.tenant', current_setting('app.tenant'), false)")
    await tx.raw.execute(b"SELECT set_config('app.tenant', gen_random_uuid()::text, false)")


ASYNC: dict[str, Callable[[Transaction], Awaitable[Any]]] = {
    function.__name__: function
    for function in (waits, swallows, commits, rolls_back, changes_the_tenant, keeps_the_tenant)
}


def decided(posting: Posting, hook: str) -> Any:
    """What a hook of the decision does with this document."""
    told, _, what = (posting.document.remark or "").partition(" ")
    return SYNC[what]() if told == hook else None


async def awaited(tx: Transaction, what: str) -> Any:
    """What a hook with a transaction does; it has written before."""
    await _tell(tx, "was_here", what)
    return SYNC[what]() if what in SYNC else await ASYNC[what](tx)


async def ordered(tx: Transaction, hook: str) -> Any:
    """The same, as the table of orders says."""
    query = "SELECT what FROM dummy_order WHERE tenant_id = %s AND hook = %s"
    found = await rows(tx, query, tx.tenant_id, hook)
    return await awaited(tx, found[0][0]) if found else None


async def _tell(tx: Transaction, hook: str, what: str) -> None:
    await rows(
        tx,
        "INSERT INTO dummy_order (tenant_id, hook, what) VALUES (%s, %s, %s)"
        " ON CONFLICT (tenant_id, hook) DO UPDATE SET what = excluded.what RETURNING hook",
        tx.tenant_id,
        hook,
        what,
    )


@hookimpl
def allocate(posting: Posting, offers: Sequence[Offer]) -> Sequence[Offer] | None:
    found: Sequence[Offer] | None = decided(posting, "allocate")
    return found


@hookimpl
def check_posting(posting: Posting) -> Iterable[Refusal]:
    return decided(posting, "check_posting") or ()


@hookimpl
def posting_rows(posting: Posting) -> Iterable[Write]:
    return decided(posting, "posting_rows") or ()


@hookimpl
async def posted(work: Work, postings: Sequence[Posted]) -> None:
    async with work.transaction() as tx:
        await ordered(tx, "posted")


@hookimpl
async def save_attributes(
    tx: Transaction, kind: str, values: Mapping[UUID, Mapping[str, Any] | None]
) -> Iterable[Refusal]:
    for sent in values.values():
        if sent:
            return await awaited(tx, sent["what"]) or ()
    return ()


@hookimpl
async def enabling(tx: Transaction) -> Iterable[Refusal]:
    return await ordered(tx, "enabling") or ()


@hookimpl
async def disabling(tx: Transaction) -> Iterable[Refusal]:
    return await ordered(tx, "disabling") or ()


@hookimpl
async def differences(tx: Transaction) -> Iterable[str]:
    return await ordered(tx, "differences") or ()


@input_type
class DummyItemInput:
    """What saving an item shall do."""

    what: str = field("The name of a behaviour.")


@input_type
class DummyOrderInput:
    """What a hook shall do from now on, or what the mutation itself does."""

    hook: str = field("The hook, or `now`.")
    what: str = field("The name of a behaviour.")


@payload_type
class DummyOrderPayload(Payload):
    """Nothing but errors."""

    dummy_done: bool | None = field("Whether it came to its end.", default=None)


class Mutations:
    """What can be done."""

    @mutation_field(permission="dummy.order")
    async def order_dummy(
        self, info: Info, input: Annotated[DummyOrderInput, argument("The order.")]
    ) -> DummyOrderPayload:
        """Give an order."""
        context = info.context
        async with context.database.transaction(context.principal.tenant_id) as tx:
            if input.hook == "now":
                await awaited(tx, input.what)
            else:
                await _tell(tx, input.hook, input.what)
        return DummyOrderPayload(dummy_done=True)


async def yields_nonsense() -> AsyncIterator[Any]:
    yield 5


async def swallows_the_end() -> AsyncIterator[Any]:
    while True:
        try:
            await asyncio.sleep(3600)
            yield None
        except BaseException:
            continue


async def floods() -> AsyncIterator[Any]:
    while True:
        yield DummyEvent(what="floods")


STREAMS: dict[str, Callable[[], AsyncIterator[Any]]] = {
    function.__name__: function for function in (yields_nonsense, swallows_the_end, floods)
}


@object_type(permission=PART)
class DummyEvent:
    """Something happened."""

    what: str = field("What it was.")


class Subscriptions:
    """What can be heard."""

    @subscription_field(permission="dummy.order")
    async def dummy_events(
        self, info: Info, what: Annotated[str, argument("The name of a behaviour.")]
    ) -> AsyncIterator[DummyEvent]:
        """Behaves once at first, then as it is told."""
        yield DummyEvent(what=what)
        if what in SYNC:
            yield SYNC[what]()
        async for event in STREAMS[what]():
            yield event


def _read(sent: DummyItemInput) -> Mapping[str, Any]:
    return {"what": sent.what}


@hookimpl
def graphql() -> Extension:
    what = InputField(DummyItemInput, _read, "What saving shall do.")
    return Extension(
        inputs={CreateItemInput: what}, mutations=Mutations, subscriptions=Subscriptions
    )
