"""WebSocket frames of a client, by hand: what a library spends on each would be the load's."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

MASK: Final = bytes(4)
"""Masks the payload with zeros, which leaves it as it is."""


def client_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """A whole message as clients send it."""
    return _head(len(payload), opcode, 0x80) + MASK + payload


def server_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """A whole message as servers send it."""
    return _head(len(payload), opcode, 0) + payload


def _head(size: int, opcode: int, masked: int) -> bytes:
    if size < 126:
        return bytes((0x80 | opcode, masked | size))
    if size < 65536:
        return struct.pack("!BBH", 0x80 | opcode, masked | 126, size)
    return struct.pack("!BBQ", 0x80 | opcode, masked | 127, size)


def frame_end(data: bytes | bytearray, start: int) -> tuple[int, int]:
    """Where the payload of the frame at `start` begins, and where the frame ends; (0, 0) if its
    head is not whole. The end may be beyond the data."""
    if len(data) < start + 2:
        return 0, 0
    masked, size, body = data[start + 1] & 0x80, data[start + 1] & 0x7F, start + 2
    if size >= 126:
        body += 2 if size == 126 else 8
        if len(data) < body:
            return 0, 0
        size = int.from_bytes(data[start + 2 : body], "big")
    if masked:
        body += 4
    return body, body + size


def frames(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """The whole frames of `data`: opcode, payload and where the frame ends. Raises ValueError
    for a message in pieces."""
    start = 0
    while True:
        body, end = frame_end(data, start)
        if not body or end > len(data):
            return
        if not data[start] & 0x80:
            raise ValueError("a server sent a message in pieces")
        yield data[start] & 0x0F, data[body:end], end
        start = end
