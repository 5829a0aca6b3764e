"""A peer that stops reading, on real sockets: the others go on, and it loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator

import pycrdt
import pytest

from collab.protocol.close import CloseCode
from collab.protocol.messages import Update
from tests.faults.flooding import MIB, Memory
from tests.support.peer import SocketPeer, peer
from tests.support.server import ServerProcess
from tests.support.stalling import StallingPeer, StallingProvider

KIB = 1024
SETTINGS = {"COLLAB_OUTBOX_BYTES": str(256 * KIB), "COLLAB_LOG_FORMAT": "json"}
WAITS = 3 * MIB
"""More than the sockets of both sides, the channel and the outbox hold."""
ALLOWANCE = 12 * MIB
"""Of memory: what a peer may cost, and what the allocator keeps of passing megabytes."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("slow") / "data", SETTINGS) as process:
        yield process
        assert process.alive, process.log()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {**SETTINGS, "COLLAB_SLOW_SECONDS": "2"}
    with ServerProcess(tmp_path_factory.mktemp("impatient") / "data", settings) as process:
        yield process
        assert process.alive, process.log()


async def draw(artist: SocketPeer, size: int) -> None:
    """Set a value of so many bytes, again and again in pieces; each is saved before the next."""
    board = artist.doc.get("board", type=pycrdt.Map)
    for _ in range(0, size, 60 * KIB):
        before = artist.doc.get_state()
        board["last"] = os.urandom(30 * KIB).hex()
        await artist.send(Update(artist.doc.get_update(before)))
        await artist.saved()


def closes(server: ServerProcess, document: str) -> list[int | None]:
    """The codes that connections to a document ended with."""
    lines = [json.loads(line) for line in server.log().splitlines()]
    return [line["code"] for line in lines if "code" in line and line["document"] == document]


async def until_closed(server: ServerProcess, document: str) -> list[int | None]:
    async with asyncio.timeout(30):
        while not (codes := closes(server, document)):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)
    return codes


async def test_a_peer_that_reads_again_has_missed_nothing(server: ServerProcess) -> None:
    """[SL2] [SL4] on the same connection, and its own edits were seen meanwhile."""
    async with peer(server.ws_url, "again") as ann:
        await ann.join()
        await draw(ann, WAITS)  # once before, so that all that grows once has grown
        slow = await StallingPeer.join(server.port, "again")
        memory = Memory(server.pid)
        watching = asyncio.create_task(memory.watch())
        await draw(ann, 3 * WAITS)
        slow.type("from behind;")
        await ann.sees("from behind;")
        await ann.type("to the end")
        await ann.saved()
        assert memory.growth < ALLOWANCE, memory.growth / MIB
        before = slow.frames
        await slow.sees("to the end")
        assert slow.code is None
        assert slow.doc.get_state() == ann.doc.get_state()
        assert slow.doc.get("board", type=pycrdt.Map).to_py() == (
            ann.doc.get("board", type=pycrdt.Map).to_py()
        )
        assert slow.frames - before < 3 * WAITS // (60 * KIB)
        watching.cancel()
        slow.leave()
        await ann.type(".")
        await ann.saved()
        assert memory.now() - memory.before < ALLOWANCE


async def test_one_that_reads_on_slowly_is_not_given_up(impatient: ServerProcess) -> None:
    """[SL9] bytes that move are progress, though a frame takes three deadlines."""
    async with peer(impatient.ws_url, "trickle") as ann:
        await ann.join()
        slow = await StallingPeer.join(impatient.port, "trickle")
        await ann.type("x" * 1_500_000)
        await ann.saved()
        await draw(ann, WAITS)
        slow.pause = 0.1
        await slow.sees("x" * 1_500_000)
        slow.pause = 0
        await ann.type("done")
        await slow.sees("done")
        assert closes(impatient, "trickle") == []
        slow.leave()
        assert await until_closed(impatient, "trickle") == [None]


async def test_many_documents_of_a_connection_cost_no_more(server: ServerProcess) -> None:
    """[SL8] what is missed in all of them comes on the same connection, once it reads."""
    names = [f"shared-{number}" for number in range(8)]
    slow = await StallingProvider.join(server.port, names)
    memory = Memory(server.pid)
    watching = asyncio.create_task(memory.watch())
    for name in names:
        async with peer(server.ws_url, name) as ann:
            await ann.join()
            await draw(ann, WAITS // 2)
            await ann.type("to the end")
            await ann.saved()
    watching.cancel()
    # The rooms remember a MiB each, and keep a snapshot; the peer costs no queue in each.
    assert memory.growth < ALLOWANCE + len(names) * 2 * MIB, memory.growth / MIB
    await slow.sees("to the end")
    slow.leave()


async def test_a_peer_that_never_reads_is_closed_at_the_deadline(impatient: ServerProcess) -> None:
    """[SL9] and lacks nothing once it connects again."""
    async with peer(impatient.ws_url, "never") as ann:
        await ann.join()
        slow = await StallingPeer.join(impatient.port, "never")
        await draw(ann, WAITS)
        assert await until_closed(impatient, "never") == [CloseCode.TRY_LATER]
        await ann.type("without it")
        await ann.saved()
        while await slow.read() is not None:
            pass
        slow.leave()
        async with peer(impatient.ws_url, "never") as back:
            await back.join()
            assert str(back.text) == "without it"
            assert back.doc.get_state() == ann.doc.get_state()
