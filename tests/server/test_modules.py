"""A switch acts on the very next request, in whichever process it arrives (P4)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.ids import uuid7
from server.cli_data import database_of
from tests.serving import EMAIL, RunningServer, serving
from tests.toys import CORE, install

ROUNDS = 25

_SOURCE = f"""
from core.plugin_api import Manifest, Permission
manifest = Manifest(name="toys", version="1.0", core={CORE!r}, title="Toys", title_zh="玩具",
                    summary="", summary_zh="", permissions=(Permission("toys.play"),))
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers of one database, with a plugin installed."""
    site = tmp_path_factory.mktemp("site")
    install(site, "toys", _SOURCE)
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="tallybook-serving-") as folder,
    ):
        patch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
        data = Path(folder)
        with (
            database_of(data) as address,
            serving(data, address, 1) as one,
            serving(data, address, 1) as other,
        ):
            yield one, other


@pytest.fixture
def desks(two: tuple[RunningServer, RunningServer]) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """The administrator of one tenant, at both servers."""
    headers = {"Authorization": f"Bearer {two[0].new_tenant('shop')}"}
    with (
        httpx.Client(
            base_url=two[0].url.removesuffix("/graphql"), headers=headers, timeout=30
        ) as one,
        httpx.Client(
            base_url=two[1].url.removesuffix("/graphql"), headers=headers, timeout=30
        ) as other,
    ):
        yield one, other


def _ask(desk: httpx.Client, query: str, **variables: object) -> dict[str, object]:
    answer = desk.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    (value,) = answer["data"].values()
    found: dict[str, object] = value
    return found


def _plays(desk: httpx.Client) -> bool:
    permissions = _ask(desk, "{ viewer { permissions } }")["permissions"]
    assert isinstance(permissions, list)
    return "toys.play" in permissions


def test_a_switch_acts_on_the_next_request_in_every_process(
    desks: tuple[httpx.Client, httpx.Client],
) -> None:
    for n in range(ROUNDS):
        on = n % 2 == 0
        assert [_plays(desk) for desk in desks] == [not on, not on], "remembered in both"
        name = "enableModule" if on else "disableModule"
        mutation = (
            f"mutation($i: SwitchModuleInput!) {{ {name}(input: $i) {{ errors {{ code }} }} }}"
        )
        asked = {"commandId": str(uuid7()), "name": "toys"}
        assert _ask(desks[n % 3 % 2], mutation, i=asked) == {"errors": []}
        assert [_plays(desk) for desk in reversed(desks)] == [on, on]


def test_so_does_a_change_of_roles(desks: tuple[httpx.Client, httpx.Client]) -> None:
    one, other = desks
    set_member = """mutation($i: SetMemberInput!) { setMember(input: $i) { errors { code } } }"""
    second = {"commandId": str(uuid7()), "email": "second@b.test", "roles": ["administrator"]}
    assert _ask(one, set_member, i=second) == {"errors": []}
    assert "members.write" in str(_ask(other, "{ viewer { permissions } }"))
    fewer = {"commandId": str(uuid7()), "email": EMAIL, "roles": ["viewer"]}
    assert _ask(one, set_member, i=fewer) == {"errors": []}
    assert "members.write" not in str(_ask(other, "{ viewer { permissions } }"))
