"""Many peers with presence in one room, over raw sockets: they show themselves, renew that
every 15 seconds as Yjs clients do, and read what comes.

    python -m benchmarks.presence_load HOST:PORT WIRE PEERS

Prints a JSON object a line: one once all have joined and again whenever a line comes on stdin,
until that is closed. Cheap enough that a core of its own keeps up with any server.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import struct
import sys
import time
from functools import partial
from typing import cast

import uvloop

from collab.protocol import yjs
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.messages import AwarenessUpdate, Message, SyncStep1, SyncStep2

DOCUMENT = "presence-idle"
RENEW_SECONDS = 15.0
JOINS_A_SECOND = 40
PATIENCE = 60.0
EMPTY_STATE, EMPTY_UPDATE = b"\x00", b"\x00\x00"
PROBES = 3
"""Peers that read every message whole: whether all others are heard of."""

BINARY, CLOSE, PING, PONG = 0x2, 0x8, 0x9, 0xA
SYNC, STEP_1, AWARENESS, AUTH = 0, 0, 1, 2
AUTHENTICATED = 2
HOCUSPOCUS_PING, HOCUSPOCUS_PONG = b"\x09", b"\x0a"


class Wire:
    """How messages are framed: `prefix` goes before each, `hello` before all."""

    def __init__(self, name: str) -> None:
        address = bytes([len(DOCUMENT)]) + DOCUMENT.encode()
        many = name == "hocuspocus"
        self.path = "/hocuspocus" if many else f"/ws/{DOCUMENT}"
        self.prefix = address if many else b""
        # Auth, Token, an empty token and the version of the provider.
        self.hello = [address + b"\x02\x00\x00\x054.8.0"] if many else []

    def frame(self, message: Message) -> bytes:
        return self.prefix + yjs.encode(message)


class Load:
    """All peers, and what they saw."""

    def __init__(self, wire: Wire, host: str) -> None:
        self.wire = wire
        self.host = host
        self.random = random.Random(20)
        self.peers: list[Peer] = []
        self.frames = 0
        self.bytes = 0
        self.closes: list[str] = []
        self.heard: dict[int, float] = {}
        """When each client was last heard of by the probe that heard of it last."""

    def report(self) -> dict[str, object]:
        now = time.monotonic()  # noqa: TID251 - a measurement
        late = [now - self.heard.get(peer.client, 0.0) for peer in self.peers]
        return {
            "alive": sum(peer.alive for peer in self.peers),
            "frames": self.frames,
            "bytes": self.bytes,
            "longest_silence": round(max(late), 1),
            "closes": self.closes[:3],
        }


class Peer(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: Load, client: int) -> None:
        self.client = client
        self.alive = False
        self.synced = asyncio.Event()
        self._load = load
        self._probe = client <= PROBES
        self._clock = 0
        self._buffer = bytearray()
        self._open = False
        self._state = json.dumps(
            {"user": {"name": f"Peer {client}", "color": "#30bced"}, "cursor": None}
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by its class.
        self._transport = cast("asyncio.Transport", transport)
        head = (
            f"GET {self._load.wire.path} HTTP/1.1\r\nHost: {self._load.host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        self._transport.write(head.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        self._load.closes.append(repr(exc))

    def data_received(self, data: bytes) -> None:
        self._load.bytes += len(data)
        buffer = self._buffer
        buffer += data
        if not self._open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in buffer[:end]:
                self._load.closes.append(buffer[:end].decode())
                self._transport.close()
                return
            del buffer[: end + 4]
            self._begin()
        start = 0
        while (step := self._take(buffer, start)) is not None:
            start = step
        del buffer[:start]

    def renew(self) -> None:
        """Say that it is still there, as Yjs clients do: the same state under a new clock."""
        if self.alive:
            self._show()

    def _begin(self) -> None:
        self._open = self.alive = True
        for hello in self._load.wire.hello:
            self._send(hello)
        self._send(self._load.wire.frame(SyncStep1(EMPTY_STATE)))
        self._show()

    def _show(self) -> None:
        self._clock += 1
        entry = AwarenessEntry(self.client, self._clock, self._state)
        self._send(self._load.wire.frame(AwarenessUpdate((entry,))))

    def _take(self, buffer: bytearray, start: int) -> int | None:
        """Read the frame at `start`; where the next one begins, or None if it is not whole."""
        if len(buffer) < start + 2:
            return None
        size, body = buffer[start + 1], start + 2
        if size == 126:
            if len(buffer) < start + 4:
                return None
            size, body = int.from_bytes(buffer[start + 2 : start + 4]), start + 4
        elif size == 127:
            if len(buffer) < start + 10:
                return None
            size, body = int.from_bytes(buffer[start + 2 : start + 10]), start + 10
        if len(buffer) < body + size:
            return None
        kind = buffer[start] & 0x0F
        if kind == BINARY:
            self._load.frames += 1
            if self._probe or not self.synced.is_set():
                self._read(bytes(buffer[body : body + size]))
        elif kind == PING:
            self._send(bytes(buffer[body : body + size]), PONG)
        elif kind == CLOSE:
            self._load.closes.append(bytes(buffer[body : body + size]).hex())
        return body + size

    def _read(self, frame: bytes) -> None:
        if frame == HOCUSPOCUS_PING:
            self._send(HOCUSPOCUS_PONG)
            return
        frame = frame.removeprefix(self._load.wire.prefix)
        if frame[0] in (SYNC, AWARENESS):
            self._hear(yjs.decode(frame))

    def _hear(self, message: Message) -> None:
        match message:
            case SyncStep1():
                self._send(self._load.wire.frame(SyncStep2(EMPTY_UPDATE)))
            case SyncStep2():
                self.synced.set()
            case AwarenessUpdate(entries):
                now = time.monotonic()  # noqa: TID251 - a measurement
                for entry in entries:
                    self._load.heard[entry.client] = now

    def _send(self, payload: bytes, kind: int = BINARY) -> None:
        size = len(payload)
        assert size < 65536
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
        # Masked with zeros, which leaves the payload as it is.
        self._transport.write(bytes([0x80 | kind]) + length + bytes(4) + payload)


async def main(host: str, wire: str, count: int) -> None:
    load = Load(Wire(wire), host)
    loop = asyncio.get_running_loop()
    name, _, port = host.rpartition(":")
    renewals = []
    for number in range(1, count + 1):
        _, peer = await loop.create_connection(partial(Peer, load, number), name, int(port))
        load.peers.append(peer)
        # From the start: Hocuspocus closes who says nothing for a minute, and joining takes time.
        renewals.append(asyncio.create_task(_renew(load, peer)))
        await asyncio.sleep(1 / JOINS_A_SECOND)
    try:
        async with asyncio.timeout(PATIENCE):
            for peer in load.peers:
                await peer.synced.wait()
    except TimeoutError:
        missing = sum(not peer.synced.is_set() for peer in load.peers)
        sys.exit(f"{missing} peers did not get in; {len(load.closes)} lost: {load.closes[:3]}")
    _say(load.report())
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        _say(load.report())
    for task in renewals:
        task.cancel()


async def _renew(load: Load, peer: Peer) -> None:
    await asyncio.sleep(load.random.random() * RENEW_SECONDS)
    while True:
        peer.renew()
        await asyncio.sleep(RENEW_SECONDS)


def _say(facts: dict[str, object]) -> None:
    os.write(sys.stdout.fileno(), (json.dumps(facts) + "\n").encode())


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
