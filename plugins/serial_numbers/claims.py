"""Claims for units that were sold: opened, and closed with an outcome. Every change is audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from core.plugin_api import (
    INVALID,
    NOT_FOUND,
    REQUIRED,
    Database,
    Principal,
    Transaction,
    clean,
    define,
    lock_guards,
    record_audit,
    refuse,
    run_command,
    today,
    uuid7,
)
from plugins.serial_numbers import tables
from plugins.serial_numbers.rules import warranty
from plugins.serial_numbers.rules.life import PRESENT, State
from plugins.serial_numbers.rules.records import Claim, Outcome, Unit

NEVER_SOLD = define(
    "SERIAL_NUMBERS_NEVER_SOLD",
    en="{number} was not sold before {date}: nobody can claim for it.",
    zh="序列号 {number} 在 {date} 前未售出,不能登记保修申请。",
)
CLAIM_OPEN = define(
    "SERIAL_NUMBERS_CLAIM_OPEN",
    en="There is an open claim for {number} already.",
    zh="序列号 {number} 已有未结的保修申请。",
)
CLAIM_CLOSED = define(
    "SERIAL_NUMBERS_CLAIM_CLOSED",
    en="This claim is closed: it was {outcome}.",
    zh="此保修申请已结案({outcome})。",
)
NO_REPLACEMENT = define(
    "SERIAL_NUMBERS_NO_REPLACEMENT",
    en="{number} cannot be the replacement: it is {state}, the unit itself, or given for another already.",
    zh="序列号 {number} 不能作为换新件:状态为 {state},或为原件,或已用于其他换新。",
)

LONGEST = 1_000
"""Characters of what is told of a claim."""


async def open_claim(
    db: Database,
    principal: Principal,
    command_id: UUID,
    unit_id: UUID,
    complaint: str,
    claimed_on: date | None,
) -> UUID:
    """Take in what a customer complains of, today or on a day before. Raises Refused."""
    told = clean(complaint, "complaint", LONGEST)

    async def work(tx: Transaction) -> Mapping[str, Any]:
        unit = (await _locked(tx, {"unitId": unit_id}))["unitId"]
        now = await today(tx)
        on = claimed_on or now
        if on > now:
            reason = {"reason": "The day is still to come.", "reason_zh": "日期不能晚于今天。"}
            raise refuse(INVALID, "claimedOn", **reason)
        if unit.sold_on is None or on < unit.sold_on:
            raise refuse(NEVER_SOLD, "unitId", number=unit.number, date=on.isoformat())
        if await tables.claims_where(tx, lots=[unit_id], only_open=True):
            raise refuse(CLAIM_OPEN, "unitId", number=unit.number)
        covered = warranty.covered(unit.sold_on, unit.warranty_until, on)
        claim = Claim(uuid7(), unit_id, on, told, covered, unit.party_id)
        await tables.put_claim(tx, claim)
        await _audit(
            tx, principal, "open_claim", claim, {"number": unit.number, "covered": covered}
        )
        return {"id": claim.id}

    asked = {"unit": unit_id, "complaint": complaint, "claimedOn": claimed_on}
    operation = "serialNumbersOpenClaim"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work)
    return UUID(str(outcome["id"]))


async def close_claim(
    db: Database,
    principal: Principal,
    command_id: UUID,
    claim_id: UUID,
    outcome: Outcome,
    note: str | None,
    replacement_id: UUID | None,
) -> UUID:
    """Say how a claim ended; of one that was replaced, with which unit. Raises Refused."""
    told = None if note is None else clean(note, "note", LONGEST)
    if (replacement_id is None) == (outcome is Outcome.REPLACED):
        if replacement_id is None:
            raise refuse(REQUIRED, "replacementId", field="replacementId")
        reason = {"reason": "Only what is replaced has one.", "reason_zh": "仅换新时填写。"}
        raise refuse(INVALID, "replacementId", **reason)

    async def work(tx: Transaction) -> Mapping[str, Any]:
        claims = await tables.claims_where(tx, ids=[claim_id])
        if not claims:
            raise refuse(NOT_FOUND, "id", id=str(claim_id))
        named = {"id": claims[0].lot_id}
        if replacement_id is not None:
            named["replacementId"] = replacement_id
        units = await _locked(tx, named)
        [claim] = await tables.claims_where(tx, ids=[claim_id])  # as it is under the lock
        if claim.outcome is not None:
            raise refuse(CLAIM_CLOSED, "id", outcome=claim.outcome.value)
        if replacement_id is not None:
            await _check_replacement(tx, claim, units["replacementId"])
        closed = replace(
            claim,
            closed_on=await today(tx),
            outcome=outcome,
            note=told,
            replacement_id=replacement_id,
        )
        await tables.put_claim(tx, closed)
        details = {"outcome": outcome.value, "note": told, "replacement": replacement_id}
        await _audit(tx, principal, "close_claim", closed, details)
        return {"id": claim_id}

    asked = {"id": claim_id, "outcome": outcome.value, "note": note, "replacement": replacement_id}
    operation = "serialNumbersCloseClaim"
    await run_command(db, principal.tenant_id, command_id, operation, asked, work)
    return claim_id


async def _locked(tx: Transaction, named: Mapping[str, UUID]) -> dict[str, Unit]:
    """Units by the field that names them, behind the locks of their items: claims wait for one another and
    for documents."""
    known = await tables.units_by_lot(tx, named.values())
    for path, unit_id in named.items():
        if unit_id not in known:
            raise refuse(NOT_FOUND, path, id=str(unit_id))
    await lock_guards(tx, {unit.item_id for unit in known.values()})
    found = await tables.units_by_lot(tx, named.values())
    return {path: found[unit_id] for path, unit_id in named.items()}


async def _check_replacement(tx: Transaction, claim: Claim, unit: Unit) -> None:
    """It is here, or the customer has it by now, and it was given for no other."""
    usable = unit.state in PRESENT or unit.state is State.SOLD
    given = await tables.claims_where(tx, replacements=[unit.lot_id])
    if not usable or given or unit.lot_id == claim.lot_id:
        details = {"number": unit.number, "state": unit.state.value}
        raise refuse(NO_REPLACEMENT, "replacementId", **details)


async def _audit(
    tx: Transaction, principal: Principal, verb: str, claim: Claim, details: Mapping[str, Any]
) -> None:
    action = f"serial_numbers.{verb}"
    await record_audit(tx, principal.user_id, action, "serial_numbers_claim", claim.id, details)
