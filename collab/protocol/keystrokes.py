"""Typing: a text right behind the last one of the same client, as most updates are.

All of such an update but its text is known before it comes, so that it is told by one comparison
and need not be read. And what several of them say one says with their texts joined, as Yjs itself
writes what was typed on end.
"""

from __future__ import annotations

from typing import Final

from collab.protocol.content import STRING
from collab.protocol.encoding import Reader
from collab.protocol.structs import HAS_ORIGIN, HAS_PARENT_SUB, HAS_RIGHT_ORIGIN, KIND
from collab.protocol.update import UpdateFacts

LONGEST: Final = 127
"""Bytes of a text that is taken for typed: its length is written in one."""
_OPENING: Final = b"\x01\x01"
"""One client, one struct."""


class Typist:
    """Where a client types: behind what it wrote last, and before what it wrote that before."""

    __slots__ = ("_flags", "_number", "_right", "_spelling", "client", "clock", "head")

    def __init__(self, client: int, spelling: bytes, clock: int, right: bytes) -> None:
        """`spelling` is the client as it is written, `right` the neighbour on the right, if
        there is one."""
        self.client = client
        self.clock = clock - 1
        """That of the next character."""
        self.head = b""
        """What the next update begins with, up to the length of its text."""
        self._spelling = spelling
        self._right = right
        self._flags = bytes((STRING | HAS_ORIGIN | (HAS_RIGHT_ORIGIN if right else 0),))
        self._number = _varuint(clock - 1)
        self.move(1)

    @classmethod
    def after(cls, update: bytes, facts: UpdateFacts) -> Typist | None:
        """Who wrote this valid update, if that is one text and nothing else."""
        plain = update.startswith(_OPENING) and facts.struct_count == 1
        if not plain or facts.deletes or len(facts.structs) != 1:
            return None
        ((client, ranges),) = facts.structs.items()
        reader = Reader(update)
        reader.pos = len(_OPENING)
        reader.varuint()
        spelling = update[len(_OPENING) : reader.pos]
        reader.varuint()
        flags = reader.uint8()
        if flags & KIND != STRING or flags & HAS_PARENT_SUB or not ranges:
            return None
        if flags & HAS_ORIGIN:
            _skip_id(reader)
        start = reader.pos
        if flags & HAS_RIGHT_ORIGIN:
            _skip_id(reader)
        return cls(client, spelling, ranges[-1][1], update[start : reader.pos])

    def text_of(self, update: bytes) -> bytes | None:
        """The text of an update that goes on from here; None for any other."""
        head = self.head
        if not update.startswith(head):
            return None
        at = len(head) + 1
        text = update[at:-1]
        if 0 < len(text) <= LONGEST and update[at - 1] == len(text) and update[-1] == 0:
            return text
        return None

    def move(self, length: int) -> None:
        """So many characters were taken."""
        self.clock += length
        # The last character's clock is the one that was written last, if it was but one.
        last = self._number if length == 1 else _varuint(self.clock - 1)
        self._number = number = _varuint(self.clock)
        name = self._spelling
        self.head = b"".join((_OPENING, name, number, self._flags, name, last, self._right))


def length_of(text: bytes) -> int:
    """Its clocks; 0 if it is no text."""
    if text.isascii():
        return len(text)
    try:
        # Clocks count UTF-16 units, as JavaScript counts a string.
        return len(text.decode().encode("utf-16-le")) // 2
    except UnicodeDecodeError:
        return 0


def joined_size(size: int) -> int:
    """Bytes that `joined` adds to its head."""
    return size + (2 if size < 128 else 3 if size < 16384 else 4)


def joined(head: bytes, texts: list[bytes], size: int) -> bytes:
    """One update for texts of so many bytes (below 2 MiB) that were typed on end; `head` is the
    first one's."""
    return b"".join((head, _varuint(size), *texts, b"\0"))


def _skip_id(reader: Reader) -> None:
    reader.varuint()
    reader.varuint()


def _varuint(value: int) -> bytes:
    if value < 128:
        return bytes((value,))
    if value < 16384:
        return bytes((value & 127 | 128, value >> 7))
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
