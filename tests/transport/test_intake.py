"""What is read of a peer before anyone asked for it, on real sockets in this loop."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from collab.interfaces import StoredDocument
from collab.protocol.close import CloseCode
from collab.storage.sql import SqlDocumentStore
from collab.transport import uvicorn_http
from collab.transport.uvicorn_intake import EARLY_BYTES, SLICE, MeteredWebSocketProtocol
from tests.support.peer import by_hand, peer
from tests.transport.test_uvicorn import cut_off, opened, serving

KIB = 1024
NETWORK_BUFFER = 256 * KIB
"""What an event loop reads at a time."""


def binary(data: bytes, fin: bool = True) -> bytes:
    return Frame(Opcode.BINARY, data, fin=fin).serialize(mask=True)


def queued(protocol: MeteredWebSocketProtocol) -> int:
    """Messages that were parsed and not taken."""
    listener: Any = protocol._listener
    waiting = 0 if listener is None else len(listener._waiting or ())
    return len(protocol.inbox._messages) + waiting


class Intake:
    """Counts what the server's protocol was handed, and what lies parsed in its queue."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        self.most_queued = 0
        real = MeteredWebSocketProtocol.data_received
        parse = MeteredWebSocketProtocol._parse

        def data_received(protocol: MeteredWebSocketProtocol, data: bytes) -> None:
            self.bytes += len(data)
            real(protocol, data)
            self.most_queued = max(self.most_queued, queued(protocol))

        def parsed(protocol: MeteredWebSocketProtocol) -> None:
            parse(protocol)
            self.most_queued = max(self.most_queued, queued(protocol))

        monkeypatch.setattr(MeteredWebSocketProtocol, "data_received", data_received)
        monkeypatch.setattr(MeteredWebSocketProtocol, "_parse", parsed)


class HeldLoad:
    """Holds the load of documents back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = asyncio.Event()
        real = SqlDocumentStore.load

        async def load(store: SqlDocumentStore, document: str) -> StoredDocument:
            await self.go.wait()
            return await real(store, document)

        monkeypatch.setattr(SqlDocumentStore, "load", load)


async def pour(writer: asyncio.StreamWriter, data: bytes, times: int) -> None:
    """Write for as long as somebody reads."""
    try:
        async with asyncio.timeout(1):
            for _ in range(times):
                writer.write(data)
                await writer.drain()
    except (TimeoutError, ConnectionError):
        pass


@pytest.mark.parametrize(
    "data",
    [binary(b"x" * 4096), binary(b""), binary(bytes(7_000_000))[: 64 * KIB]],
    ids=["messages", "empty messages", "one message that does not end"],
)
async def test_little_is_read_before_a_peer_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """[LM11] a buffer of the network and 64 KiB, whatever it sends."""
    held, intake = HeldLoad(monkeypatch), Intake(monkeypatch)
    async with serving(tmp_path) as address:
        _, writer = await by_hand(int(address.rpartition(":")[2]), "early")
        await pour(writer, data * (64 * KIB // len(data)), 160)
        assert intake.bytes <= EARLY_BYTES + NETWORK_BUFFER + 2000
        assert intake.most_queued <= SLICE // 6 + 2
        writer.transport.abort()
        held.go.set()


async def test_what_was_sent_early_is_taken_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LM11] [LM10] all of it and in order, once the peer is let in."""
    held = HeldLoad(monkeypatch)
    async with serving(tmp_path) as address:
        async with peer(f"ws://{address}/ws", "late") as ann:
            for number in range(1500):
                await ann.type(f"{number} ")
            blob = ann.doc.get("blob", type=type(ann.text))
            before = ann.doc.get_state()
            blob += "x" * 900_000
            typed = asyncio.create_task(ann.socket.send(b"\x00\x02" + _sized(ann, before)))
            await asyncio.sleep(0)
            held.go.set()
            await typed
            await ann.saved()
        async with peer(f"ws://{address}/ws", "late") as bob:
            await bob.join()
            assert str(bob.text) == "".join(f"{number} " for number in range(1500))
            assert len(str(bob.doc.get("blob", type=type(bob.text)))) == 900_000


def _sized(ann: Any, before: bytes) -> bytes:
    from tests.protocol.builders import string

    return string(ann.doc.get_update(before))


async def test_small_messages_are_parsed_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LM10] of 15,000 messages that arrive at once a slice's worth is kept parsed."""
    intake = Intake(monkeypatch)
    async with serving(tmp_path) as address:
        async with connect(f"ws://{address}/ws/slices", compression=None) as client:
            await client.recv()
            status = binary(b"\x66\x01a")
            client.transport.write(status * 15_000)
            async with asyncio.timeout(60):
                answers = 0
                while answers < 15_000:
                    answers += await client.recv() == b"\x66\x01a"
        assert intake.bytes >= 15_000 * len(status)
        assert intake.most_queued <= SLICE // len(status) + 2


async def test_a_large_message_is_parsed_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LM10] what is there as a whole is not cut by a slice; what follows waits for its turn."""
    protocols: list[MeteredWebSocketProtocol] = []
    real = MeteredWebSocketProtocol.begun

    def begun(protocol: MeteredWebSocketProtocol) -> None:
        protocols.append(protocol)
        real(protocol)

    monkeypatch.setattr(MeteredWebSocketProtocol, "begun", begun)
    async with serving(tmp_path) as address, peer(f"ws://{address}/ws", "large") as ann:
        await ann.join()
        (protocol,) = protocols
        before = ann.doc.get_state()
        blob = ann.doc.get("blob", type=type(ann.text))
        blob += "x" * 5 * SLICE
        large = binary(b"\x00\x02" + _sized(ann, before))
        small = binary(b"\x00\x02\x02\x00\x00")
        protocol.data_received(small + large + small * 20)
        assert protocol._library is None
        assert len(protocol._unread) == len(small) * 20
        await ann.saved()
        async with peer(f"ws://{address}/ws", "large") as bob:
            await bob.join()
            assert len(str(bob.doc.get("blob", type=type(bob.text)))) == 5 * SLICE


async def test_fragments_have_a_rate(tmp_path: Path) -> None:
    """[LM12] messages of a thousand pieces each are not one message each."""
    async with (
        serving(tmp_path) as address,
        connect(f"ws://{address}/ws/pieces", compression=None) as client,
    ):
        first = Frame(Opcode.BINARY, b"\x66", fin=False).serialize(mask=True)
        piece = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
        last = Frame(Opcode.CONT, b"\x01a").serialize(mask=True)
        client.transport.write((first + piece * 999 + last) * 5)
        async with asyncio.timeout(20):
            await client.wait_closed()
        assert client.close_code == CloseCode.TOO_FAST


@pytest.mark.parametrize(
    ("start", "piece"),
    [(b"X: ", b"x" * 1000), (b"", b"a:b\r\n" * 200)],
    ids=["a long header", "many headers"],
)
async def test_a_head_is_small(tmp_path: Path, start: bytes, piece: bytes) -> None:
    """[LM13] 64 KiB, 256 headers."""
    async with serving(tmp_path) as address:
        reader, writer = await opened(address)
        writer.write(b"GET /healthz HTTP/1.1\r\n" + start)
        await pour(writer, piece, 128)
        assert await cut_off(reader) == b""
        writer.close()


async def test_a_head_of_an_honest_size_is_taken(tmp_path: Path) -> None:
    """[LM13] with a few large cookies, and a body behind it in the same packet."""
    async with serving(tmp_path) as address:
        reader, writer = await opened(address)
        cookie = b"c" * 40_000
        body = b'{"title": "x"}' + b" " * 30_000
        writer.write(
            b"POST /api/documents HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + cookie + b"\r\n"
            b"Content-Type: application/json\r\n"
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
        )
        assert b" 201 " in await reader.readuntil(b"\r\n\r\n")
        writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LM13] its deadline is not extended by a byte at a time."""
    monkeypatch.setattr(uvicorn_http, "BODY_DEADLINE", 0.3)
    async with serving(tmp_path) as address:
        reader, writer = await opened(address)
        writer.write(
            b"POST /api/documents HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        assert await cut_off(reader) == b""
        writer.close()


async def test_tcp_connections_of_all_are_limited(tmp_path: Path) -> None:
    """[LM14] twice the seats; the next one is reset, and one that ends makes room."""
    async with serving(tmp_path, connections=2) as address:
        pairs = [await opened(address) for _ in range(4)]
        reader, writer = await opened(address)
        assert await cut_off(reader) == b""
        writer.close()
        for _, other in pairs:
            other.transport.abort()
        async with asyncio.timeout(10):
            while True:
                reader, writer = await opened(address)
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = await cut_off(reader)
                writer.close()
                if b" 200 " in answer:
                    break
        for _ in range(5):  # a WebSocket gives its place back too
            async with peer(f"ws://{address}/ws", "places") as ann:
                await ann.join()


async def test_a_response_that_is_not_read_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LM13] what fills the network's buffers does not wait for ever."""
    monkeypatch.setattr(uvicorn_http, "READ_DEADLINE", 0.3)
    given_up = asyncio.Event()
    real = uvicorn_http.BoundedHttpProtocol.connection_lost

    def lost(protocol: uvicorn_http.BoundedHttpProtocol, exc: Exception | None) -> None:
        real(protocol, exc)
        given_up.set()

    monkeypatch.setattr(uvicorn_http.BoundedHttpProtocol, "connection_lost", lost)
    async with serving(tmp_path) as address:
        host, _, port = address.partition(":")
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(plain, (host, int(port)))
        request = b"GET /api/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        asking = asyncio.create_task(loop.sock_sendall(plain, request * 5000))
        async with asyncio.timeout(30):
            await given_up.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        plain.close()
