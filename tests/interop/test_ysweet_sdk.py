"""y-sweet's own SDK and client, as a product uses them, against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest

from tests.interop.party import store_held_back, token
from tests.support.node import FOLDER, node_command, run_node
from tests.support.server import ServerProcess

pytestmark = pytest.mark.node

SCRIPT = "ysweet_sdk.js"
PATIENCE = 60.0
SIGNS = 5


def connection(server: ServerProcess, key: str = "") -> str:
    """y-sweet's connection string."""
    user = f"{quote(key, safe='')}@" if key else ""
    return f"ys://{user}127.0.0.1:{server.port}"


def manage(connection: str, document: str) -> Any:
    (told,) = run_node(SCRIPT, "manage", connection, document)
    return told


def check(told: Any, server: ServerProcess, document: str) -> None:
    """What every call of the SDK comes back with."""
    path = f"127.0.0.1:{server.port}/d/{quote(document, safe='')}"
    assert told["store"] == {"ok": True}
    assert told["made"]
    assert told["seeded"] == "seeded"
    assert told["words"] == told["read"] == "words"
    given = {name: told["token"][name] for name in ("url", "baseUrl", "docId", "authorization")}
    assert given == {
        "url": f"ws://{path}/ws",
        "baseUrl": f"http://{path}",
        "docId": document,
        "authorization": "full",
    }
    assert (told["missing"]["code"], told["missing"]["status"]) == ("ServerError", 404)
    assert (told["malformed"]["code"], told["malformed"]["status"]) == ("ServerError", 400)


@pytest.mark.parametrize("document", ["sdk-doc", "sdk/with/slashes"])
def test_the_sdk_manages_documents(server: ServerProcess, document: str) -> None:
    """[YS1] [YS2] [YS3] [YS4] [YS7] in open mode, where no token is handed out and everyone may
    write."""
    told = manage(connection(server), document)
    check(told, server, document)
    assert "token" not in told["token"]
    assert told["denied"] is None


def test_the_sdk_manages_documents_with_a_token(guarded: ServerProcess) -> None:
    """[YS8] [YS9] the product's token is its key; its clients get tokens of their own."""
    product = token("product", {"*": "owner"}, create=True)
    told = manage(connection(guarded, product), "managed")
    check(told, guarded, "managed")
    assert told["token"]["token"] not in (None, product)
    assert (told["denied"]["code"], told["denied"]["status"]) == ("ServerError", 403)
    with pytest.raises(RuntimeError, match="NoAuthProvided"):
        manage(connection(guarded), "managed")
    with pytest.raises(RuntimeError, match="InvalidAuthProvided"):
        manage(connection(guarded, "wrong"), "managed")


class Client:
    """A client that stays, and what it has told so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[Any] = []
        self._read = 0

    async def until(self, event: Any) -> None:
        """Wait for it; what came before is left behind."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while event not in self.told[self._read :]:
                line = await self._process.stdout.readline()
                assert line, f"it ended after {self.told}"
                self.told.append(json.loads(line))
        self._read = self.told.index(event, self._read) + 1

    def type(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(words.encode() + b"\n")


@asynccontextmanager
async def staying(connection: str, document: str) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(
        node_command(),
        SCRIPT,
        "stay",
        connection,
        document,
        cwd=FOLDER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Client(process)
    finally:
        process.kill()
        await process.wait()


async def test_a_client_stays_while_the_store_stalls(server: ServerProcess) -> None:
    """[YS20] [YS22] for longer than it would wait without a sign of life; its edit is unsaved
    until the commit."""
    document = "stalled/with/slashes"
    async with staying(connection(server), document) as client:
        await client.until(["status", "connected"])
        await client.until(["unsaved", False])
        with store_held_back(server.data_dir):
            client.type("held")
            await client.until(["unsaved", True])
            await client.until(["sign", SIGNS])
            assert client.told.count(["unsaved", False]) == 1
        await client.until(["unsaved", False])
        client.type("on")
        await client.until(["unsaved", True])
        await client.until(["unsaved", False])
        # A machine that stood still for seconds may have cost a connection, but not more.
        assert client.told.count("connecting") <= 2
