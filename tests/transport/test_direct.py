"""The short way in, from the network to a wire: order, and who is woken for what."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from random import Random

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from collab.protocol import yjs
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode
from collab.protocol.messages import AwarenessUpdate
from collab.transport.endpoint import SocketEndpoint
from collab.transport.socket import Receiver, Socket, SocketLimits
from tests.support.direct import DirectPeer
from tests.support.peer import by_hand
from tests.support.server import ServerProcess

STATUS = b"\x66\x01a"
"""Is answered by itself on the wire of y-websocket."""

where = contextvars.ContextVar("where", default="nowhere")


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Wire:
    """Keeps what it takes; frames that begin with `w` wait for `go`."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.go = asyncio.Event()
        self.socket: Socket | None = None
        self.ended = 0
        self.seen: set[str] = set()

    async def serve(self, socket: Socket) -> Receiver:
        self.socket = socket
        where.set("in the task")
        return self

    def larger(self, frame: bytes) -> bool:
        return False

    def leave(self) -> None:
        self.ended += 1

    def take(self, frame: bytes) -> Awaitable[None] | None:
        self.seen.add(where.get())
        if frame.startswith(b"close") and self.socket is not None:
            self.socket.channel.close(CloseCode.GONE, "deleted")
        if frame.endswith(b"fails"):
            raise RuntimeError("failed")
        self.taken.append(frame)
        return self._wait(frame) if frame.startswith(b"w") else None

    async def _wait(self, frame: bytes) -> None:
        await self.go.wait()
        self.taken.append(frame + b" done")


@asynccontextmanager
async def served(wire: Wire) -> AsyncIterator[DirectPeer]:
    limits = SocketLimits(10, 20, 15)
    endpoint = SocketEndpoint(wire.serve, limits, Random(1), lambda: False)
    async with DirectPeer(endpoint, "/ws/x") as peer:
        await settled()
        yield peer


async def test_frames_are_taken_as_they_come() -> None:
    """Without a step of the loop, and in the context of the connection's task."""
    wire = Wire()
    async with served(wire) as ann:
        ann.line.feed(b"1", b"2")
        assert wire.taken == [b"1", b"2"]
        assert wire.seen == {"in the task"}
        assert not ann.line.held


async def test_what_must_be_awaited_holds_up_the_rest() -> None:
    """[AC13] and the network: what comes meanwhile is taken behind it, in order."""
    wire = Wire()
    async with served(wire) as ann:
        ann.line.feed(b"w1", b"2", b"w3", b"4")
        assert wire.taken == [b"w1"]
        assert ann.line.held
        await settled()
        assert wire.socket is not None
        assert not wire.socket.idle
        wire.go.set()
        await settled()
        assert wire.taken == [b"w1", b"w1 done", b"2", b"w3", b"w3 done", b"4"]
        assert wire.socket.idle
        assert not ann.line.held


async def test_a_connection_that_idles_has_no_task() -> None:
    """Only what must be awaited has one."""
    wire = Wire()
    async with served(wire) as ann:
        idle = asyncio.all_tasks()
        assert idle == {asyncio.current_task(), ann.task}  # that of the test's own peer
        ann.line.feed(b"1", b"w2", b"3")
        assert len(asyncio.all_tasks() - idle) == 1
        wire.go.set()
        await settled()
        assert asyncio.all_tasks() == idle
        assert wire.seen == {"in the task"}


async def test_work_that_is_cancelled_ends_the_connection() -> None:
    """Also before it began: what it was to await is not left behind."""
    for steps in (0, 1):
        wire = Wire()
        async with served(wire) as ann:
            idle = asyncio.all_tasks()
            ann.line.feed(b"w1", b"2")
            (work,) = asyncio.all_tasks() - idle
            for _ in range(steps):
                await asyncio.sleep(0)
            work.cancel()
            await settled()
            assert wire.ended == 1
            assert ann.line.finished.is_set()
        assert wire.taken == [b"w1"]


async def test_the_end_is_told_once() -> None:
    """Whatever comes together: a close of ours, one of the peer's, and a failure."""
    wire = Wire()
    async with served(wire) as ann:
        ann.line.feed(b"1")
        assert wire.socket is not None
        wire.socket.channel.close(CloseCode.GONE, "deleted")
        meanwhile = wire.ended  # not in the middle of whatever closes it
        ann.line.leave()
        ann.line.feed(b"fails")
        await settled()
        assert (meanwhile, wire.ended) == (0, 1)
    assert wire.taken == [b"1"]


async def test_what_came_before_the_end_is_taken() -> None:
    wire = Wire()
    async with served(wire) as ann:
        ann.line.feed(b"w1", b"2")
        ann.line.leave()
        wire.go.set()
        await settled()
        assert wire.taken == [b"w1", b"w1 done", b"2"]
        assert wire.ended


async def test_a_close_from_our_side_ends_the_reading() -> None:
    wire = Wire()
    async with served(wire) as ann:
        ann.line.feed(b"w1", b"2")
        assert wire.socket is not None
        wire.socket.channel.close(CloseCode.GONE, "deleted")
        wire.go.set()
        assert await ann.closed() == (CloseCode.GONE, "deleted")
        await settled()
        assert wire.ended
        ann.line.feed(b"3")
        assert wire.taken == [b"w1", b"w1 done"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [("text", CloseCode.UNSUPPORTED), (b"x" * 11, CloseCode.TOO_BIG)],
    ids=["text", "large"],
)
async def test_what_is_not_admitted_closes_its_sender(frame: bytes | str, code: CloseCode) -> None:
    wire = Wire()
    async with served(wire) as ann:
        ann.line.feed(b"1", frame, b"2")
        assert (await ann.closed())[0] == code
        await settled()
        assert wire.taken == [b"1"]
        assert wire.ended


async def test_a_failure_closes_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire()
    async with served(wire) as ann:
        ann.line.feed(b"fails", b"2")
        assert (await ann.closed())[0] == CloseCode.INTERNAL
        await settled()
        assert wire.ended
    assert wire.taken == []
    assert "a connection failed" in caplog.text


async def test_a_failure_behind_a_close_is_told_of_too(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire()
    async with served(wire) as ann:
        ann.line.feed(b"closefails")
        assert (await ann.closed())[0] == CloseCode.GONE
        await settled()
        assert wire.ended == 1
    assert "a connection failed" in caplog.text


def binary(data: bytes, fin: bool = True) -> bytes:
    return Frame(Opcode.BINARY, data, fin=fin).serialize(mask=True)


def cont(data: bytes, fin: bool = True) -> bytes:
    return Frame(Opcode.CONT, data, fin=fin).serialize(mask=True)


PING = Frame(Opcode.PING, b"p").serialize(mask=True)
LONG = yjs.encode(AwarenessUpdate((AwarenessEntry(7, 1, '{"long": "' + 300 * "s" + '"}'),)))
MIXED = (
    binary(STATUS)
    + binary(STATUS[:2], fin=False)
    + PING
    + cont(STATUS[2:])
    + binary(LONG)
    + PING
    + binary(STATUS)
)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 13, 10_000])
async def test_frames_may_be_cut_anywhere(server: ServerProcess, piece: int) -> None:
    """Whole ones, fragments and pings between them, in whatever pieces the network brings."""
    async with connect(f"{server.ws_url}/pieces-{piece}", compression=None) as client:
        await client.recv()
        for at in range(0, len(MIXED), piece):
            client.transport.write(MIXED[at : at + piece])
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            answers: list[bytes] = []
            while len(answers) < 4:
                answers += [a for a in [await client.recv(decode=False)] if a[:1] != b"\0"]
    presence = yjs.decode(next(a for a in answers if a != STATUS))
    assert isinstance(presence, AwarenessUpdate)
    assert presence.entries[0].client == 7
    assert answers.count(STATUS) == 3


@pytest.mark.parametrize(
    "frame",
    [
        b"\x82\x03" + STATUS,
        b"\x82\x01x",
        b"\xc2" + binary(STATUS)[1:],
        b"\x83" + binary(STATUS)[1:],
        binary(b"", fin=False) + binary(STATUS),
        cont(STATUS),
    ],
    ids=["unmasked", "short, unmasked", "reserved bit", "opcode", "in a message", "no beginning"],
)
async def test_what_is_no_frame_is_refused(server: ServerProcess, frame: bytes) -> None:
    """[AC17] with the close code of the protocol itself, and what came before is taken."""
    reader, writer = await by_hand(server.port, "frames")
    await reader.readexactly(2)  # it is let in: the beginning of what it is told first
    writer.write(binary(STATUS) + frame + binary(STATUS))
    async with asyncio.timeout(20):
        answer = await reader.read()
    assert answer.count(b"\x82\x03" + STATUS) == 1
    assert b"\x88" in answer
    assert (1002).to_bytes(2) in answer
    writer.close()


async def test_a_message_over_all_limits_is_not_gathered(server: ServerProcess) -> None:
    """[AC17] its header is enough to refuse it."""
    reader, writer = await by_hand(server.port, "huge")
    writer.write(b"\x82\xff" + (1 << 40).to_bytes(8) + bytes(4) + b"x" * 100)
    async with asyncio.timeout(20):
        answer = await reader.read()
    assert (1009).to_bytes(2) in answer
    writer.close()
