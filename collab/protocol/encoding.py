"""lib0 encoding: the integers, byte strings and texts that every Yjs message is made of.

Unsigned integers are little-endian groups of seven bits, the high bit saying that more follow.
Signed ones keep their sign in the second-highest bit of the first byte.
"""

from __future__ import annotations

from typing import Final

from collab.errors import LimitExceeded, ProtocolError

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""The largest integer that JavaScript counts to; client ids go up to it."""

CLOCK_LIMIT: Final = 2**31
"""Clocks, and sums of a clock and a length, stay below this."""

_MAX_SHIFT: Final = 63  # the tenth group of seven bits


class Reader:
    """Reads values from the front of `data`; every method raises ProtocolError.

    `data` is never copied as a whole. `pos` and `end` are public because the struct walk
    reads them once per struct.
    """

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0
        self.end = len(data)

    @property
    def remaining(self) -> int:
        return self.end - self.pos

    def uint8(self) -> int:
        pos = self.pos
        if pos >= self.end:
            raise self._ended()
        self.pos = pos + 1
        return self.data[pos]

    def varuint(self, maximum: int = MAX_SAFE_INTEGER) -> int:
        """An unsigned integer of at most ten bytes and at most `maximum`."""
        data = self.data
        pos = self.pos
        try:
            value = data[pos]
            pos += 1
            if value > 127:
                byte = data[pos]
                pos += 1
                value += (byte << 7) - 128
                shift = 14
                while byte > 127:
                    if shift > _MAX_SHIFT:
                        raise ProtocolError(f"integer of over 10 bytes at byte {self.pos}")
                    byte = data[pos]
                    pos += 1
                    value += (byte - 1) << shift  # takes back the high bit of the last byte
                    shift += 7
        except IndexError:
            raise self._ended() from None
        if value > maximum:
            raise ProtocolError(f"integer {value} at byte {self.pos} is over {maximum}")
        self.pos = pos
        return value

    def varint(self, maximum: int = MAX_SAFE_INTEGER) -> int:
        """A signed integer of at most ten bytes and at most `maximum` from zero."""
        first = self.uint8()
        value = first & 0x3F
        shift = 6
        byte = first
        while byte & 0x80:
            if shift > _MAX_SHIFT:
                raise ProtocolError(f"integer of over 10 bytes before byte {self.pos}")
            byte = self.uint8()
            value |= (byte & 0x7F) << shift
            shift += 7
        if value > maximum:
            raise ProtocolError(f"integer {value} before byte {self.pos} is over {maximum}")
        return -value if first & 0x40 else value

    def count(self) -> int:
        """The number of elements to follow, each of at least one byte."""
        value = self.varuint()
        if value > self.end - self.pos:
            raise ProtocolError(
                f"{value} elements announced at byte {self.pos}, {self.remaining} bytes remain"
            )
        return value

    def raw(self, length: int) -> bytes:
        """The next `length` bytes."""
        pos = self.pos
        stop = pos + length
        if stop > self.end:
            raise self._ended()
        self.pos = stop
        return self.data[pos:stop]

    def bytes_(self, maximum: int | None = None) -> bytes:
        """A byte string with its length before it; LimitExceeded over `maximum` bytes."""
        length = self.varuint()
        if maximum is not None and length > maximum:
            raise LimitExceeded(f"{length} bytes at byte {self.pos}, at most {maximum} allowed")
        pos = self.pos
        stop = pos + length
        if stop > self.end:
            raise self._ended()
        self.pos = stop
        return self.data[pos:stop]

    def string(self, maximum: int | None = None) -> str:
        """A text in strict UTF-8; LimitExceeded over `maximum` bytes."""
        return self.decode_text(self.bytes_(maximum))

    def decode_text(self, data: bytes) -> str:
        """`data`, read last, as a text."""
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise ProtocolError(f"text before byte {self.pos} is not UTF-8") from None

    def skip_bytes(self) -> None:
        """Step over a byte string without making a copy of it."""
        stop = self.varuint() + self.pos
        if stop > self.end:
            raise self._ended()
        self.pos = stop

    def expect_end(self) -> None:
        if self.pos != self.end:
            raise ProtocolError(f"{self.remaining} bytes too many at byte {self.pos}")

    def _ended(self) -> ProtocolError:
        return ProtocolError(f"{self.end} bytes end within the value at byte {self.pos}")


def write_varuint(out: bytearray, value: int) -> None:
    """Append `value`, which is not negative."""
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def write_varint(out: bytearray, value: int) -> None:
    """Append `value` with its sign."""
    sign = 0x40 if value < 0 else 0
    value = abs(value)
    if value < 64:
        out.append(value | sign)
        return
    out.append(value & 63 | sign | 128)
    write_varuint(out, value >> 6)


def write_bytes(out: bytearray, data: bytes) -> None:
    """Append `data` with its length before it."""
    write_varuint(out, len(data))
    out += data


def write_string(out: bytearray, text: str) -> None:
    """Append `text` as UTF-8 with its length in bytes before it."""
    write_bytes(out, text.encode())
