"""Floods on the Hocuspocus wire, on real sockets: what they cost the server's memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collab.protocol.close import CloseCode
from collab.protocol.hocuspocus import (
    PONG,
    Authenticated,
    Control,
    PermissionDenied,
    Token,
    decode,
    encode,
    encode_control,
    prefix_of,
    split,
)
from collab.protocol.messages import Message, Stateless, SyncStep1, SyncStep2
from tests.support.server import ServerProcess

MIB = 1024 * 1024
ADDRESSES = 10_000
STEP_1 = SyncStep1(b"\0")


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("flooded") / "data") as process:
        yield process
        assert process.alive, process.log()


def dial(server: ServerProcess) -> connect:
    url = f"ws://127.0.0.1:{server.port}/hocuspocus"
    return connect(url, max_size=None, compression=None, ping_interval=None)


def frame(address: str, said: Message | Control) -> bytes:
    body = encode_control(said) if isinstance(said, Token) else encode(said)  # type: ignore[arg-type]
    return prefix_of(address) + body


async def answer(socket: ClientConnection) -> tuple[bytes, Message | Control]:
    async with asyncio.timeout(30):
        data = await socket.recv()
    assert isinstance(data, bytes)
    prefix, body = split(data)
    return prefix, decode(body)


async def works(server: ServerProcess) -> None:
    """Somebody else comes, and is served."""
    async with dial(server) as socket:
        await socket.send(frame("quiet", Token("")))
        await socket.send(frame("quiet", STEP_1))
        while not isinstance((await answer(socket))[1], SyncStep2):
            pass


def resident(server: ServerProcess) -> int:
    statm = Path(f"/proc/{server.pid}/statm").read_text(encoding="ascii")
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_ten_thousand_documents_on_one_socket(flooded: ServerProcess) -> None:
    """[HP21] a hundred are opened, the others refused; memory grows by those hundred."""
    await works(flooded)
    before = resident(flooded)
    async with dial(flooded) as socket:

        async def ask() -> None:
            for number in range(ADDRESSES):
                await socket.send(frame(f"flood/{number}", Token("")))

        asking = asyncio.create_task(ask())
        opened = refused = 0
        while opened + refused < ADDRESSES:
            match (await answer(socket))[1]:
                case Authenticated():
                    opened += 1
                case PermissionDenied():
                    refused += 1
        await asking
        assert (opened, refused) == (100, ADDRESSES - 100)
        assert resident(flooded) - before < 24 * MIB
        await works(flooded)


async def test_bytes_without_a_token(flooded: ServerProcess) -> None:
    """[HP20] spread over many sockets and addresses."""
    await works(flooded)
    before = resident(flooded)
    noise = Stateless("x" * 60_000)

    async def flood(number: int) -> int | None:
        try:
            async with dial(flooded) as socket:
                for each in range(19):
                    await socket.send(frame(f"{number}/{each}", noise))
                async with asyncio.timeout(30):
                    await socket.wait_closed()
        except ConnectionClosed:
            pass
        return socket.close_code

    codes = await asyncio.gather(*(flood(number) for number in range(20)))
    assert set(codes) == {CloseCode.EARLY}
    assert resident(flooded) - before < 32 * MIB
    await works(flooded)


async def test_pings_without_end(flooded: ServerProcess) -> None:
    """[HP3] each is answered; an answer that nobody reads does not wait for long."""
    async with dial(flooded) as socket:
        for _ in range(1000):
            await socket.send(b"\x09")
        for _ in range(1000):
            async with asyncio.timeout(30):
                assert await socket.recv() == PONG
    await works(flooded)
