"""What one peer may take: sizes, pieces, pings, time. On real sockets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pycrdt
import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStep2, Update
from tests.support.peer import SocketPeer, by_hand, peer
from tests.support.server import ServerProcess

KIB = 1024
SETTINGS = {
    "COLLAB_MESSAGE_BYTES": str(64 * KIB),
    "COLLAB_FIRST_SYNC_BYTES": str(256 * KIB),
    "COLLAB_HEARTBEAT_SECONDS": "1",
    "COLLAB_OUTBOX_BYTES": str(256 * KIB),
}


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("tight") / "data", SETTINGS) as process:
        yield process
        assert process.alive, process.log()


def whole(ann: SocketPeer) -> bytes:
    return ann.doc.get_update()


async def test_a_message_over_the_limit_closes_its_sender(tight: ServerProcess) -> None:
    """[AC12] too big is closed with 1009; others go on."""
    async with peer(tight.ws_url, "big") as ann, peer(tight.ws_url, "big") as bob:
        await ann.join()
        await bob.join()
        bob.text += "x" * (65 * KIB)
        await bob.send(Update(whole(bob)))
        assert await bob.close_code() == CloseCode.TOO_BIG
        await ann.type("fine")
        await ann.saved()
        assert str(ann.text) == "fine"


async def test_an_editor_may_bring_more_in_its_first_sync_once(tight: ServerProcess) -> None:
    """[AC12] a larger first step 2 is taken once a connection."""
    async with peer(tight.ws_url, "offline") as ann:
        await ann.join()
        ann.text += "x" * (200 * KIB)
        await ann.send(SyncStep2(whole(ann)))
        await ann.saved()
        await ann.send(SyncStep2(whole(ann)))
        assert await ann.close_code() == CloseCode.TOO_BIG
    async with peer(tight.ws_url, "offline") as late:
        await late.join()
        assert len(str(late.text)) == 200 * KIB


async def test_even_a_first_sync_has_a_limit(tight: ServerProcess) -> None:
    async with peer(tight.ws_url, "huge") as ann:
        await ann.join()
        ann.text += "x" * (300 * KIB)
        await ann.send(SyncStep2(whole(ann)))
        assert await ann.close_code() == CloseCode.TOO_BIG


async def test_a_message_in_too_many_pieces_closes_its_sender(tight: ServerProcess) -> None:
    """[AC14] empty fragments cost the server memory: 1024 are the most."""
    async with connect(f"{tight.ws_url}/pieces", compression=None) as socket:
        socket.transport.write(Frame(Opcode.BINARY, b"", fin=False).serialize(mask=True))
        piece = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
        socket.transport.write(piece * 5000)
        async with asyncio.timeout(10):
            await socket.wait_closed()
        assert socket.close_code == CloseCode.TOO_BIG


async def test_a_message_in_few_pieces_is_taken(tight: ServerProcess) -> None:
    async with peer(tight.ws_url, "few") as ann:
        await ann.join()
        await ann.socket.send([b"\x66", b"\x03", b"a", b"b", b"c"])  # a request for a receipt
        message = await ann.until(lambda message: getattr(message, "payload", None) == b"abc")
        assert message


async def test_a_peer_that_answers_no_ping_is_cut_off(tight: ServerProcess) -> None:
    """[AC13] a dead peer is gone after two heartbeats and a grace."""
    reader, writer = await by_hand(tight.port, "dead")
    async with asyncio.timeout(10):
        rest = await reader.read()  # to the end: our side never writes again
    assert rest
    writer.close()


async def test_a_peer_that_pings_and_never_reads_is_cut_off(tight: ServerProcess) -> None:
    """[AC14] unread answers to pings do not pile up."""
    _, writer = await by_hand(tight.port, "pings")
    ping = Frame(Opcode.PING, b"p" * 125).serialize(mask=True)
    before = _resident(tight.pid)
    async with asyncio.timeout(30):
        try:
            while True:
                writer.write(ping * 500)
                await writer.drain()
        except ConnectionError:
            pass
    assert _resident(tight.pid) - before < 32 * KIB * KIB
    writer.close()


async def test_a_reader_that_stops_is_closed_and_the_rest_go_on(tight: ServerProcess) -> None:
    """[AC17] a peer that takes nothing costs a bounded queue, then its connection."""
    async with peer(tight.ws_url, "slow") as ann:
        await ann.join()
        reader, writer = await by_hand(tight.port, "slow", b"\x00\x00\x01\x00")
        board = ann.doc.get("board", type=pycrdt.Map)
        for _ in range(400):  # 24 MB: more than the sockets of both sides hold
            state = ann.doc.get_state()
            board["last"] = os.urandom(30 * KIB).hex()
            await ann.send(Update(ann.doc.get_update(state)))
            await ann.saved()
        taken = 0
        async with asyncio.timeout(20):
            with suppress(ConnectionResetError):  # what it did not take for so long is dropped
                while data := await reader.read(KIB * KIB):
                    taken += len(data)
        assert taken < 400 * 60 * KIB
        writer.close()
        await ann.type("here")
        await ann.saved()


def _resident(pid: int) -> int:
    statm = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")
