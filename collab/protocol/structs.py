"""The struct part of an update: per client, a run of items, GCs and Skips.

A struct's clock is the sum of what stands before it, so every length counts. An item names
the items it was put between; only one without neighbours names its parent.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol.content import CONTENT_READERS, DELETED, GC, SKIP, TYPE
from collab.protocol.encoding import CLOCK_LIMIT, Reader
from collab.protocol.ranges import Ranges

HAS_ORIGIN: Final = 0x80
HAS_RIGHT_ORIGIN: Final = 0x40
HAS_PARENT_SUB: Final = 0x20
KIND: Final = 0x1F

Id = tuple[int, int]
"""A client and a clock."""

Item = tuple[int, int, int, int, str | None, Id | None, Id | None]
"""First clock, clock after the last, first byte, where the content starts, and how the parent is
found: by root name, by id, or as that of a neighbour. A bare tuple, since a named one takes as
long to make as half of an item takes to read."""


class StructWalk:
    """Reads all structs of an update, and checks each by itself.

    Not `strict`, it lets pass what merging updates that contradict each other can bring about:
    structs of length zero, and parents that are no shared types.

    `structs` has the clock ranges by client without Skips, `count` the number of structs,
    `types` the ids of shared types, `items` the items by client, ascending, and `needs` the
    highest clock of each client that an item of another one names.
    """

    __slots__ = (
        "_gone",
        "_max_depth",
        "_parents",
        "_reader",
        "_spelling",
        "_strict",
        "count",
        "items",
        "needs",
        "structs",
        "types",
    )

    def __init__(self, reader: Reader, max_depth: int, *, strict: bool = True) -> None:
        self.structs: dict[int, Ranges] = {}
        self.count = 0
        self.types: set[Id] = set()
        self.items: dict[int, list[Item]] = {}
        self.needs: dict[int, int] = {}
        self._parents: list[Id] = []
        self._gone: dict[int, list[tuple[int, int]]] = {}
        self._max_depth = max_depth
        self._reader = reader
        self._spelling = b""
        self._strict = strict

    def run(self, max_structs: int) -> None:
        """Raises ProtocolError, LimitExceeded over `max_structs`."""
        reader = self._reader
        for _ in range(reader.count()):
            count = reader.count()
            self.count += count
            if self.count > max_structs:
                raise LimitExceeded(f"{self.count} structs, at most {max_structs} allowed")
            start = reader.pos
            client = reader.varuint()
            if count == 0:
                raise ProtocolError(f"no structs in the section of client {client}")
            if client in self.structs:
                raise ProtocolError(f"two sections of client {client}")
            self._spelling = reader.data[start : reader.pos]
            self.structs[client] = self._read_section(client, count)
        if self._strict and (leaves := self.leaf_parents()):
            raise ProtocolError(f"the parent {min(leaves)} is no shared type")

    def leaf_parents(self) -> set[Id]:
        """The parents that this update shows to be neither a shared type nor gone."""
        return {id_ for id_ in self._parents if id_ not in self.types and self._is_leaf(*id_)}

    def _is_leaf(self, client: int, clock: int) -> bool:
        return _covers(self.structs.get(client, ()), clock) and not _covers(
            self._gone.get(client, ()), clock
        )

    def _read_section(self, client: int, count: int) -> Ranges:
        reader = self._reader
        ranges: list[tuple[int, int]] = []
        items = self.items[client] = []
        start = clock = reader.varuint(CLOCK_LIMIT)
        for _ in range(count):
            info = reader.uint8()
            if info in (GC, SKIP):
                length = reader.varuint(CLOCK_LIMIT)
            else:
                length = self._read_item(info, client, clock, items)
            if length == 0 and self._strict:
                raise ProtocolError(f"struct of length zero before byte {reader.pos}")
            if info == SKIP:
                if start < clock:
                    ranges.append((start, clock))
                start = clock + length
            elif info & KIND <= DELETED:
                self._note_gone(client, clock, length)
            clock += length
            if clock >= CLOCK_LIMIT:
                raise ProtocolError(f"clock {clock} of client {client} is over the limit")
        if start < clock:
            ranges.append((start, clock))
        return tuple(ranges)

    def _note_gone(self, client: int, clock: int, length: int) -> None:
        gone = self._gone.setdefault(client, [])
        if gone and gone[-1][1] == clock:
            clock, length = gone[-1][0], length + clock - gone[-1][0]
            gone.pop()
        gone.append((clock, clock + length))

    def _read_item(self, info: int, client: int, clock: int, items: list[Item]) -> int:
        reader = self._reader
        origin = right = parent = None
        root = None
        if info & HAS_ORIGIN:
            origin = self._read_id(client, clock)
        if info & HAS_RIGHT_ORIGIN:
            # May equal the origin: Yjs writes that when it undoes a deletion.
            right = self._read_id(client, clock)
        if info < HAS_RIGHT_ORIGIN:
            if reader.varuint(1):
                root = reader.string()
            else:
                parent = self._read_id(client, clock)
                self._parents.append(parent)
            if info & HAS_PARENT_SUB:
                reader.string()
        kind = info & KIND
        content = reader.pos
        length = CONTENT_READERS[kind](reader, self._max_depth)
        if kind == TYPE:
            self.types.add((client, clock))
        items.append((clock, clock + length, info, content, root, parent, origin or right))
        return length

    def _read_id(self, client: int, clock: int) -> Id:
        """The id of an item that must be there first: not this one, nor a later one."""
        reader = self._reader
        # Most references are to the client's own items, and eight bytes take long to decode.
        if not reader.data.startswith(self._spelling, reader.pos):
            other = reader.varuint()
            other_clock = reader.varuint(CLOCK_LIMIT - 1)
            if other != client:
                if other_clock >= self.needs.get(other, 0):
                    self.needs[other] = other_clock
                return other, other_clock
        else:
            reader.pos += len(self._spelling)
            other_clock = reader.varuint(CLOCK_LIMIT - 1)
        if other_clock >= clock:
            raise ProtocolError(
                f"item {clock} of client {client} refers to its own clock {other_clock}"
            )
        return client, other_clock


def _covers(ranges: Sequence[tuple[int, int]], clock: int) -> bool:
    position = bisect_right(ranges, (clock, CLOCK_LIMIT)) - 1
    return position >= 0 and clock < ranges[position][1]
