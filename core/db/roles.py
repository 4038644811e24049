"""The database roles (S1): one owns the tables, one serves, one reads."""

from __future__ import annotations

OWNER = "tallybook_owner"
APP = "tallybook_app"
READ = "tallybook_read"
SEARCH = "tallybook_search"
"""Owns the search functions (``core.search``) and nothing else; it cannot log in."""

TIMEOUTS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
}
"""Bounds on what serves: a forgotten transaction or a queue of locks must not stop a shop."""


def quoted(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def create_role(name: str, password: str | None) -> str:
    """SQL that creates a role without any power; it may log in where a password is given."""
    login = f"login password {quoted(password)}" if password else "nologin"
    return (
        f"create role {identifier(name)} {login}"
        " nosuperuser nocreatedb nocreaterole nobypassrls noreplication"
    )


def lend_role(name: str, owner: str) -> str:
    """SQL that lets the owner hand a function to a role without having that role's rights."""
    return f"grant {identifier(name)} to {identifier(owner)} with inherit false, set true"


def limit_role(name: str) -> list[str]:
    """SQL that sets the timeouts of a role that serves or reads."""
    return [
        f"alter role {identifier(name)} set {setting} = {quoted(value)}"
        for setting, value in TIMEOUTS.items()
    ]
