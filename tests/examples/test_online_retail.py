"""A slice of a real retailer's file through a real server: all figures, twice, and resumed."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from examples import _retail_file as retail
from examples import online_retail
from examples._graphql import ApiError, connected
from examples._local_server import LocalServer, local_server
from examples._retail_compare import compare
from examples._retail_replay import open_books, post_lines, post_opening
from examples._retail_sums import sums_of
from tests.examples.generated import generated

SLICE = Path(__file__).parent.parent / "fixtures/online_retail/online_retail_slice.csv.gz"
FULL = Path(__file__).parents[3] / "shared/data/online-retail/online_retail_part1.csv.gz"
_COUNT = "{ documents(first: 1) { totalCount } }"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with local_server(tmp_path_factory.mktemp("online-retail")) as running:
        yield running


def test_slice_gives_every_figure_and_doubles_nothing(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    token = server.sign_in(f"slice {uuid4()}")
    assert asyncio.run(online_retail.replay(SLICE, server.url, token))
    assert "20,342.16" in capsys.readouterr().out
    first = asyncio.run(_documents(server, token))
    assert asyncio.run(online_retail.replay(SLICE, server.url, token, at_once=1))
    assert asyncio.run(_documents(server, token)) == first


def test_replay_that_was_stopped_goes_on(server: LocalServer, tmp_path: Path) -> None:
    tenant = f"stopped {uuid4()}"
    token = server.sign_in(tenant)
    assert asyncio.run(_begin(server, token)) == [
        "sales without cancellations",
        "cancellations",
        "revenue per day",
        "revenue per country",
        "revenue per customer",
        "units on hand per code",
    ], "what is missing shows in every figure"
    assert asyncio.run(online_retail.replay(SLICE, server.url, token))
    assert server.verify(tenant)
    with pytest.raises(ApiError, match="COMMAND_REUSED"):  # a tenant holds one file
        asyncio.run(online_retail.replay(_doubled(tmp_path), server.url, token))


@pytest.mark.slow
def test_prices_of_three_decimals(server: LocalServer, tmp_path: Path) -> None:
    tenant = f"three decimals {uuid4()}"
    path = generated(tmp_path, invoices=2_000)
    assert asyncio.run(online_retail.replay(path, server.url, server.sign_in(tenant)))
    assert server.verify(tenant)


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="the whole file is not part of the repository")
def test_whole_file(server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
    tenant = f"whole {uuid4()}"
    assert asyncio.run(online_retail.replay(FULL, server.url, server.sign_in(tenant)))
    shown = capsys.readouterr().out
    assert "1,180,099.39" in shown
    assert "-117,170.48" in shown
    assert server.verify(tenant)


async def _begin(server: LocalServer, token: str) -> list[str]:
    """Post the first days only, as a replay that is stopped would; which figures differ then."""
    sums = sums_of(retail.read(SLICE))
    lines = (one for one in retail.read(SLICE) if one.day < date(2010, 12, 3))
    async with connected(server.url, token) as api:
        books = await open_books(api, sums)
        await post_opening(api, books, sums)
        await post_lines(api, books, lines, at_once=2, progress=lambda _: None)
        return [one.what for one in await compare(api, sums) if one.differences]


async def _documents(server: LocalServer, token: str) -> int:
    async with connected(server.url, token) as api:
        return int((await api.run(_COUNT))["documents"]["totalCount"])


def _doubled(folder: Path) -> Path:
    """The slice with every quantity twice."""
    path = folder / "doubled.csv.gz"
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(SLICE.read_bytes()).decode())))
    with gzip.open(path, "wt", newline="", encoding="utf-8") as packed:
        writer = csv.DictWriter(packed, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "Quantity": str(2 * int(row["Quantity"]))} for row in rows)
    return path
