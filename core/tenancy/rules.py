"""Who may do what: permissions by name, roles as sets of them, and the principal of a request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from core.errors import Refusal, define

UNKNOWN_ROLE = define(
    "UNKNOWN_ROLE",
    en="There is no role {role}. Roles are: {roles}.",
    zh="没有角色 {role}。可用角色:{roles}。",
)
LAST_ADMINISTRATOR = define(
    "LAST_ADMINISTRATOR",
    en="A tenant keeps at least one administrator.",
    zh="租户必须至少保留一名管理员。",
)

PERMISSIONS = frozenset(
    {
        "audit.read",
        "catalogue.read",
        "catalogue.write",
        "cost.read",
        "documents.approve",
        "documents.post",
        "documents.read",
        "documents.reverse",
        "documents.submit",
        "documents.write",
        "ledger.read",
        "ledger.verify",
        "members.read",
        "members.write",
        "parties.read",
        "parties.write",
        "periods.close",
        "periods.reopen",
        "places.read",
        "places.write",
        "reports.read",
        "settings.read",
        "settings.write",
        "stock.hold",
        "stock.read",
    }
)


ADMINISTRATOR = "administrator"
"""The role that may everything, what modules add included."""


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions. Roles are added up; none takes a permission away."""

    code: str
    name: str
    name_zh: str
    permissions: frozenset[str]


_READ = frozenset(
    {
        "catalogue.read",
        "documents.read",
        "parties.read",
        "places.read",
        "settings.read",
        "stock.read",
    }
)
_WRITE = frozenset({"documents.write", "documents.submit"})
_TRADE = _READ | _WRITE | {"documents.post", "parties.write"}


def _role(code: str, name: str, name_zh: str, permissions: frozenset[str]) -> Role:
    unknown = permissions - PERMISSIONS
    assert not unknown, f"role {code} names unknown permissions {unknown}"
    return Role(code, name, name_zh, permissions)


ROLES: dict[str, Role] = {
    role.code: role
    for role in (
        _role(ADMINISTRATOR, "Administrator", "管理员", PERMISSIONS),
        _role(
            "manager",
            "Manager",
            "经理",
            PERMISSIONS - {"members.write", "settings.write", "periods.reopen"},
        ),
        _role("purchaser", "Purchaser", "采购员", _TRADE | {"catalogue.write", "cost.read"}),
        _role("seller", "Seller", "销售员", _TRADE),
        _role(
            "storekeeper",
            "Storekeeper",
            "仓库管理员",
            _READ | _WRITE | {"documents.post", "ledger.read", "stock.hold"},
        ),
        _role(
            "accountant",
            "Accountant",
            "会计",
            _READ
            | _WRITE
            | {
                "audit.read",
                "cost.read",
                "documents.approve",
                "documents.post",
                "documents.reverse",
                "ledger.read",
                "ledger.verify",
                "periods.close",
                "periods.reopen",
                "reports.read",
            },
        ),
        _role("viewer", "Viewer", "查看者", _READ | {"ledger.read", "reports.read"}),
    )
}
"""The roles of a tenant's members (W3). Only administrators give roles away."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts, in which tenant, and what they may do."""

    user_id: UUID
    email: str
    tenant_id: UUID
    tenant_name: str
    roles: tuple[str, ...]
    permissions: frozenset[str]
    modules: frozenset[str] = frozenset()
    """The modules that the tenant has switched on."""

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def permissions_of(
    roles: Iterable[str], further: Mapping[str, Collection[str]] = MappingProxyType({})
) -> frozenset[str]:
    """The union of the roles' permissions; a role that no longer exists gives none. ``further`` are those
    of modules, each with the roles that carry it; the administrator carries them all."""
    known = {role for role in roles if role in ROLES}
    carried = (
        code for code, by in further.items() if ADMINISTRATOR in known or not known.isdisjoint(by)
    )
    return frozenset(carried).union(*(ROLES[role].permissions for role in known))


def check_roles(roles: Iterable[str]) -> list[Refusal]:
    """One refusal per role that does not exist."""
    return [
        Refusal(UNKNOWN_ROLE, ("roles", n), {"role": role, "roles": ", ".join(ROLES)})
        for n, role in enumerate(roles)
        if role not in ROLES
    ]
