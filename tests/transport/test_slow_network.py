"""Thin lines, stuck peers and floods of control frames, on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from websockets.frames import Opcode

from collab.protocol.close import CloseCode
from tests.support.peer import peer
from tests.support.server import ServerProcess
from tests.support.stalling import StallingPeer

SETTINGS = {"COLLAB_HEARTBEAT_SECONDS": "1"}
TEXT = "x" * 900_000


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("brisk") / "data", SETTINGS) as process:
        yield process
        assert process.alive, process.log()


async def write_much(server: ServerProcess, document: str) -> None:
    async with peer(server.ws_url, document) as ann:
        await ann.join()
        await ann.type(TEXT)
        await ann.saved()


async def until_closed(slow: StallingPeer) -> int | None:
    while await slow.read() is not None:
        pass
    return slow.code


async def test_a_ping_behind_megabytes_is_not_taken_for_unanswered(brisk: ServerProcess) -> None:
    """[AC13] while bytes move a peer lives, though its pong is many heartbeats late."""
    slow = await StallingPeer.join(brisk.port, "thin")
    await write_much(brisk, "thin")
    slow.pause = 0.1
    await slow.sees(TEXT)
    slow.pause = 0
    slow.type("answered")
    async with peer(brisk.ws_url, "thin") as ann:
        await ann.join()
        await ann.sees("answered")
    slow.leave()


async def test_a_peer_that_takes_none_of_what_waits_is_reset(brisk: ServerProcess) -> None:
    """[AC13] without waiting for a buffer that will not empty; it is told so."""
    stuck = await StallingPeer.join(brisk.port, "stuck")
    await write_much(brisk, "stuck")
    async with asyncio.timeout(20):
        while "left" not in _of(brisk.log(), "stuck")[-1]:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)
        assert await until_closed(stuck) is None
    stuck.leave()


def _of(log: str, document: str) -> list[str]:
    """The log of the connections to a document but the writer's, which ended with 1000."""
    lines = [line for line in log.splitlines() if f"document={document} " in line + " "]
    first = lines[0].partition("connection=")[2].split()[0]
    return [line for line in lines if first in line]


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
async def test_too_many_control_frames_close_their_sender(
    brisk: ServerProcess, opcode: Opcode
) -> None:
    """[AC14] with 4529, also if it reads every answer."""
    noisy = await StallingPeer.join(brisk.port, "noisy")
    for _ in range(250):
        noisy._send(opcode, b"")
    assert await until_closed(noisy) == CloseCode.TOO_FAST
    noisy.leave()


async def test_some_pings_are_answered(brisk: ServerProcess) -> None:
    """[AC14] as any peer may send them."""
    async with peer(brisk.ws_url, "pinging") as ann:
        await ann.join()
        for _ in range(20):
            async with asyncio.timeout(10):
                await (await ann.socket.ping())
