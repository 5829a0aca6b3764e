"""Rights that change while someone is connected, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from collab.protocol.messages import Denied, Update
from tests.support.peer import PATIENCE, SocketPeer, peer
from tests.support.server import ServerProcess
from tests.support.tokens import TOKEN_MODE, token

ADA = token("ada", create=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environ = {**TOKEN_MODE, "COLLAB_DOCUMENT_WORKERS": "1"}
    with ServerProcess(tmp_path_factory.mktemp("data"), environ) as running:
        yield running


@pytest.fixture
async def ada(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {ADA}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as http:
        yield http


async def created(ada: httpx.AsyncClient) -> str:
    """The path of a new document."""
    made = (await ada.post("/api/documents", json={"kind": "text"})).json()
    return f"/api/documents/{made['id']}"


async def give(ada: httpx.AsyncClient, document: str, role: str) -> None:
    answer = await ada.put(f"{document}/grants/bob", json={"role": role})
    assert answer.status_code == 200


async def stored(ada: httpx.AsyncClient, document: str) -> str:
    return (await ada.get(f"{document}/content", params={"format": "text"})).text


async def write(bob: SocketPeer, words: str) -> bool:
    """With all that was written before, which may have been refused. Says whether this was
    taken: the echo comes after the commit."""
    bob.text += words
    await bob.send(Update(bob.doc.get_update()))
    return isinstance(await bob.until(lambda m: isinstance(m, Update | Denied)), Update)


def coming(server: ServerProcess, document: str, bearer: str) -> str:
    return f"{document.rpartition('/')[2]}?token={bearer}"


async def test_a_session_follows_its_grant(server: ServerProcess, ada: httpx.AsyncClient) -> None:
    """[GR12] up, down and away, on one connection, with nothing that the peer does."""
    document = await created(ada)
    await give(ada, document, "viewer")
    async with (
        asyncio.timeout(3 * PATIENCE),
        peer(server.ws_url, coming(server, document, token("bob"))) as bob,
    ):
        await bob.join()
        assert not await write(bob, "<viewer>")
        assert await stored(ada, document) == ""
        await give(ada, document, "editor")
        while not await write(bob, "<editor>"):
            pass
        assert await stored(ada, document) == str(bob.text)
        await give(ada, document, "commenter")
        # It is told so before it tries.
        await bob.until(lambda message: isinstance(message, Denied))
        kept = await stored(ada, document)
        assert not await write(bob, "<commenter>")
        assert await stored(ada, document) == kept
        assert (await ada.delete(f"{document}/grants/bob")).status_code == 204
        assert await bob.close_code() == 4403


async def test_a_revoked_link_closes_its_connections(
    server: ServerProcess, ada: httpx.AsyncClient
) -> None:
    """[GR15] and no others; it lets nobody in again."""
    document = await created(ada)
    first, second = [
        (await ada.post(f"{document}/links", json={"role": "editor"})).json() for _ in range(2)
    ]
    async with (
        peer(server.ws_url, coming(server, document, first["token"])) as one,
        peer(server.ws_url, coming(server, document, second["token"])) as other,
    ):
        await one.join()
        await write(one, "<one>")
        await other.join()
        assert (await ada.delete(f"{document}/links/{first['id']}")).status_code == 204
        assert await one.close_code() == 4401
        await other.type("<other>")
        await other.saved()
    assert await stored(ada, document) == "<one><other>"
    async with peer(server.ws_url, coming(server, document, first["token"])) as again:
        assert await again.close_code() == 4401
    assert first["token"] not in server.log()
    assert second["token"] not in server.log()
