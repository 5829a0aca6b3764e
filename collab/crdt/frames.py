"""The frames between a worker pool and its child processes: a number and byte strings.

    number  u64  which request this is, or answers
    count   u32  how many parts follow
    lengths u64  of each part
    parts        one after the other

Nothing is unpickled, so a child that was taken over can say no more than bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

MAX_PARTS = 1 << 24
MAX_BYTES = 1 << 32

READY = 0
"""The number of the frame that a child sends once it can take requests."""
OK = b"ok"
"""First part of an answer; otherwise it is the name of an error, and the second its message."""

EXIT_OUT_OF_MEMORY = 71
"""Exit status of a child in which an allocation failed: nothing in it can be relied on then."""

_HEAD = struct.Struct("<QI")
HEAD_BYTES = _HEAD.size
LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Frame:
    number: int
    parts: tuple[bytes, ...]


class FrameError(Exception):
    """The other side sent what is no frame, or ended in the middle of one."""


def pack_head(number: int, parts: Sequence[bytes]) -> bytes:
    """All of a frame but its parts."""
    return _HEAD.pack(number, len(parts)) + struct.pack(f"<{len(parts)}Q", *map(len, parts))


def unpack_head(head: bytes) -> tuple[int, int]:
    """The number and the count of parts. Raises FrameError."""
    number, count = _HEAD.unpack(head)
    if count > MAX_PARTS:
        raise FrameError(f"a frame of {count} parts")
    return number, count


def unpack_lengths(data: bytes) -> tuple[int, ...]:
    """The length of each part. Raises FrameError."""
    lengths: tuple[int, ...] = struct.unpack(f"<{len(data) // LENGTH_BYTES}Q", data)
    if sum(lengths) > MAX_BYTES:
        raise FrameError(f"a frame of {sum(lengths)} bytes")
    return lengths


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next frame; None if the stream ended before it began. Raises FrameError."""
    head = stream.read(HEAD_BYTES)
    if not head:
        return None
    number, count = unpack_head(_whole(head, HEAD_BYTES))
    lengths = unpack_lengths(_exactly(stream, count * LENGTH_BYTES))
    return Frame(number, tuple(_exactly(stream, length) for length in lengths))


def write_frame(stream: BinaryIO, frame: Frame) -> None:
    stream.write(pack_head(frame.number, frame.parts))
    for part in frame.parts:
        stream.write(part)
    stream.flush()


def in_chunks(buffers: Sequence[bytes], size: int) -> Iterator[bytes | memoryview]:
    """The same bytes in pieces of about `size`: small buffers joined, large ones cut."""
    small = bytearray()
    for buffer in buffers:
        if len(buffer) < size:
            small += buffer
            if len(small) < size:
                continue
        if small:
            yield bytes(small)
            small.clear()
        if len(buffer) >= size:
            view = memoryview(buffer)
            for start in range(0, len(view), size):
                yield view[start : start + size]
    if small:
        yield bytes(small)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    return _whole(stream.read(length), length) if length else b""


def _whole(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise FrameError(f"{len(data)} of {length} bytes")
    return data
