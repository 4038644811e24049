"""What a tenant decides for a module: kept with its switch, and read by every posting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ValidationError

from core import commands
from core.audit.tables import record
from core.db.database import Database, Transaction, rows
from core.errors import Refusal, Refused
from core.extension.registry import registry
from core.masterdata.rules import changed_fields
from core.tenancy import tables as tenancy
from core.tenancy.rules import Principal
from core.tenancy.settings import INVALID_SETTING


async def update_module_settings(
    db: Database, principal: Principal, command_id: UUID, name: str, changes: Mapping[str, Any]
) -> BaseModel:
    """Change settings of an installed module by name, all or none; None sets one back to its default.
    Postings under way start over with the new ones. Raises Refused (INVALID_SETTING)."""
    plugin = registry().get(name)
    assert plugin is not None, f"{name} is not installed"
    model = plugin.manifest.settings

    async def work(tx: Transaction) -> dict[str, Any]:
        await tenancy.next_change(tx, new_rules=True)
        decided = _changed(model, await _stored(tx, name), changes)
        await tx.raw.execute(
            b"INSERT INTO tenant_module (tenant_id, module, enabled, settings)"
            b" VALUES (%s, %s, false, %s) ON CONFLICT (tenant_id, module)"
            b" DO UPDATE SET settings = excluded.settings, changed_at = now()",
            (tx.tenant_id, name, Jsonb(decided)),
        )
        details = {"module": name, **changed_fields(changes)}
        await record(tx, principal.user_id, "module.settings", "tenant", tx.tenant_id, details)
        return decided

    asked = {"name": name, **changed_fields(changes)}
    outcome = await commands.run(
        db, principal.tenant_id, command_id, "updateModuleSettings", asked, work
    )
    return model.model_validate(outcome)


async def _stored(tx: Transaction, name: str) -> dict[str, Any]:
    found = await rows(
        tx,
        "SELECT settings FROM tenant_module WHERE tenant_id = %s AND module = %s",
        tx.tenant_id,
        name,
    )
    return dict(found[0][0]) if found else {}


def _changed(
    model: type[BaseModel], stored: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """What is decided after the changes, as it is stored. Raises Refused."""
    decided = {key: value for key, value in {**stored, **changes}.items() if value is not None}
    try:
        valid = model.model_validate(decided)
    except ValidationError as error:
        raise Refused(*(_invalid(problem) for problem in error.errors())) from None
    return valid.model_dump(mode="json", include=set(decided))


def _invalid(problem: Mapping[str, Any]) -> Refusal:
    location: tuple[str | int, ...] = tuple(problem["loc"])
    details = {
        "setting": str(location[0]) if location else "?",
        "reason": f"it takes no such value ({str(problem['msg'])[:200]})",
        "reason_zh": "不接受该值",
    }
    return Refusal(INVALID_SETTING, location, details)
