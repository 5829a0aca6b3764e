"""Frames of a WebSocket as a server sends them: whole messages, and nothing masked."""

from __future__ import annotations

from typing import Final

_BINARY: Final = 0x82
WHOLE: Final = 32 * 1024
"""A message up to this size is copied behind its header, once for all peers that are sent it; a
larger one is handed to the network as it is."""


def header_of(size: int) -> bytes:
    """What goes before a binary message of so many bytes."""
    if size < 126:
        return bytes((_BINARY, size))
    if size < 65536:
        return b"\x82\x7e" + size.to_bytes(2)
    return b"\x82\x7f" + size.to_bytes(8)


class _Last:
    """The frame that was built last: a broadcast sends the same bytes to one after the other."""

    __slots__ = ("frame", "message")

    def __init__(self) -> None:
        self.message, self.frame = b"", header_of(0)


_last: Final = _Last()


def framed(message: bytes) -> bytes:
    """The whole frame of a message."""
    if message is not _last.message:
        size = len(message)
        header = b"\x82%c" % size if size < 126 else header_of(size)
        _last.message, _last.frame = message, header + message
    return _last.frame
