"""A WebSocket handshake, read and answered in one step: pure."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha1
from typing import Final, NamedTuple

Headers = list[tuple[bytes, bytes]]

LONGEST: Final = 8 * 1024
"""Bytes of a head that is read here."""
MOST: Final = 128
"""Headers of one."""
_HEAD: Final = re.compile(
    rb"GET (/[!-~]*) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*\r\n)+)\r\n"
)
_HEADER: Final = re.compile(rb"([^:]+):([^\r]*)\r\n")
_KEY: Final = re.compile(rb"[A-Za-z0-9+/]{22}==")
"""The base64 of 16 bytes."""
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SWITCH: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
)
_UPGRADES: Final = frozenset({b"upgrade", b"keep-alive, upgrade"})
_JUDGED: Final = frozenset(
    {b"sec-websocket-protocol", b"content-length", b"transfer-encoding", b"expect"}
)
"""Headers that say more than a plain handshake does."""


class Handshake(NamedTuple):
    """`target` is the path with its query; names of headers are in lower case."""

    target: bytes
    headers: Headers
    accept: bytes

    def answer(self, more: Iterable[tuple[bytes, bytes]]) -> bytes:
        """What accepts it, with these headers too."""
        lines = (b"%b: %b\r\n" % header for header in more)
        return b"".join((_SWITCH, self.accept, b"\r\n", *lines, b"\r\n"))

    def request(self) -> bytes:
        """It as it came, for who wants to judge it after all."""
        lines = (b"%b: %b\r\n" % header for header in self.headers)
        return b"".join((b"GET ", self.target, b" HTTP/1.1\r\n", *lines, b"\r\n"))


def plain_handshake(data: bytes) -> Handshake | None:
    """The handshake that `data` is, if it is a whole one as nearly all clients send it, in which
    there is nothing to judge. None for all else, be it good or bad."""
    head = _HEAD.fullmatch(data) if len(data) <= LONGEST else None
    if head is None:
        return None
    headers = [(name.lower(), value.strip(b" \t")) for name, value in _HEADER.findall(head[2])]
    fields = dict(headers)
    if len(fields) != len(headers) or len(headers) > MOST or not _JUDGED.isdisjoint(fields):
        return None
    key = fields.get(b"sec-websocket-key", b"")
    if (
        fields.get(b"upgrade", b"").lower() != b"websocket"
        or fields.get(b"connection", b"").lower() not in _UPGRADES
        or fields.get(b"sec-websocket-version") != b"13"
        or _KEY.fullmatch(key) is None
    ):
        return None
    return Handshake(head[1], headers, _accepted(key))


def _accepted(key: bytes) -> bytes:
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest())
