"""One real server, and a Node process with real Yjs clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

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
