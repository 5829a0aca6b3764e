"""Real servers, and Node processes with real Yjs clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from tests.interop.party import SETTINGS, Party, rest_of
from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeers, yjs_peers


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server") / "data") as process:
        yield process
        assert process.alive, process.log()


@pytest.fixture
async def yjs() -> AsyncIterator[YjsPeers]:
    async with yjs_peers() as peers:
        yield peers


@pytest.fixture
async def rest(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.url}/api") as client:
        yield client


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server in token mode."""
    data_dir = tmp_path_factory.mktemp("guarded") / "data"
    with ServerProcess(data_dir, SETTINGS) as process:
        yield process


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company() -> AsyncIterator[YjsPeers]:
    """The Node process of a module's matrix tests."""
    async with yjs_peers() as peers:
        yield peers


@pytest_asyncio.fixture(loop_scope="module")
async def party(guarded: ServerProcess, company: YjsPeers) -> AsyncIterator[Party]:
    async with rest_of(guarded) as rest:
        party = Party(guarded, company, rest)
        try:
            yield party
        finally:
            await party.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def open_party(
    server: ServerProcess, company: YjsPeers, rest: httpx.AsyncClient
) -> AsyncIterator[Party]:
    """On the server in open mode."""
    party = Party(server, company, rest)
    try:
        yield party
    finally:
        await party.aclose()
