"""Limits per user on a real server that wants tokens, over all wires."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from collab.access import Role
from collab.protocol.close import CloseCode
from tests.protocol import builders as build
from tests.support.peer import peer
from tests.support.server import ServerProcess
from tests.support.tokens import TOKEN_MODE, token


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {
        **TOKEN_MODE,
        "COLLAB_CONNECTIONS_PER_USER": "1",
        "COLLAB_REQUEST_RATE": "0.5",
        "COLLAB_MESSAGE_RATE_USER": "20",
        "COLLAB_RATE_PATIENCE_SECONDS": "1",
    }
    with ServerProcess(tmp_path_factory.mktemp("seats") / "data", settings) as process:
        yield process
        assert process.alive, process.log()


def token_of(user: str) -> str:
    return token(user, {"*": Role.EDITOR}, create=True)


async def hocuspocus_code(server: ServerProcess, user: str) -> int | None:
    """With which code a socket is closed that signs in."""
    url = f"ws://127.0.0.1:{server.port}/hocuspocus"
    async with connect(url, compression=None) as socket:
        await socket.send(build.string("d") + b"\x02\x00" + build.string(token_of(user)))
        try:
            while b"\x02\x02" not in await socket.recv(decode=False):
                pass
        except ConnectionClosed as closed:
            return None if closed.rcvd is None else closed.rcvd.code
        return None


async def test_a_user_s_seats_are_counted_over_all_wires(guarded: ServerProcess) -> None:
    """[LM5] the second connection is closed, however it comes; another user's is not."""
    async with peer(guarded.ws_url, f"d?token={token_of('ann')}") as ann:
        await ann.join()
        async with peer(guarded.ws_url, f"e?token={token_of('ann')}") as second:
            assert await second.close_code() == CloseCode.TOO_MANY
        ysweet = f"ws://127.0.0.1:{guarded.port}/d/e/ws"
        async with peer(ysweet, f"e?token={token_of('ann')}") as third:
            assert await third.close_code() == CloseCode.TOO_MANY
        assert await hocuspocus_code(guarded, "ann") == CloseCode.TOO_MANY
        assert await hocuspocus_code(guarded, "bob") is None
        await ann.type("still here")
        await ann.saved()


async def test_a_user_who_floods_is_closed(guarded: ServerProcess) -> None:
    """[LM7] [LM6] also from this machine, where addresses are not counted."""
    async with peer(guarded.ws_url, f"flood?token={token_of('eve')}") as eve:
        await eve.join()
        for _ in range(400):
            await eve.socket.send(b"\x66\x00")
        assert await eve.close_code() == CloseCode.TOO_FAST


async def test_a_user_s_requests_are_counted(guarded: ServerProcess) -> None:
    """[LM9] 429, while another user is answered."""

    async def code(user: str) -> int:
        headers = {"Authorization": f"Bearer {token_of(user)}"}
        async with httpx.AsyncClient(headers=headers) as client:
            return (await client.get(f"{guarded.url}/api/documents")).status_code

    codes = [await code("mallory") for _ in range(12)]
    assert codes[:5] == [200] * 5
    assert 429 in codes
    assert await code("ann") == 200
