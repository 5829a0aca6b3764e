"""Which root and which shared types an item of an update lies under.

Most items do not write their parent: they share that of a neighbour, which may be anywhere in
the update, or not in it. So lineage is found by following neighbours and parents, each item
once, without recursion.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from collab.errors import ProtocolError
from collab.protocol.content import TYPE
from collab.protocol.encoding import Reader
from collab.protocol.structs import Id, Item, StructWalk


class Place(NamedTuple):
    """The root an item lies under (None: not said by this update) and how many shared types
    of this update stand between."""

    root: str | None
    depth: int


_UNKNOWN = Place(None, 0)


def read_items(data: bytes, max_depth: int) -> list[Item]:
    """The items of an update, in the order of the bytes. Raises ProtocolError."""
    walk = StructWalk(Reader(data), max_depth, keep_items=True)
    walk.run(len(data))
    return walk.items


def check_type_depth(data: bytes, max_depth: int) -> None:
    """Raise ProtocolError if shared types are nested deeper than `max_depth`, as far as this
    update shows it: what it hangs under in the document is not known here."""
    items = read_items(data, max_depth)
    lineage = Lineage(items)
    for index, item in enumerate(items):
        if item.kind == TYPE and lineage.place(index).depth >= max_depth:
            raise ProtocolError(f"shared types nested deeper than {max_depth}")


class Lineage:
    """The places of a list of items. Items that wait for each other have no place."""

    __slots__ = ("_clocks", "_indices", "_items", "_places")

    def __init__(self, items: list[Item]) -> None:
        self._items = items
        self._places: dict[int, Place] = {}
        self._clocks: dict[int, list[int]] = {}
        self._indices: dict[int, list[int]] = {}
        for index, item in enumerate(items):
            self._clocks.setdefault(item.client, []).append(item.clock)
            self._indices.setdefault(item.client, []).append(index)

    def place(self, index: int) -> Place:
        """Where the item with this index lies."""
        path: list[int] = []
        place: Place | None = None
        step: int | None = index
        while step is not None:
            place = self._places.get(step)
            if place is not None:
                break
            self._places[step] = _UNKNOWN  # ends a circle
            path.append(step)
            item = self._items[step]
            step = self._find(item.parent or item.neighbour)
        return self._unwind(path, place)

    def _unwind(self, path: Iterable[int], place: Place | None) -> Place:
        """Give each item on the way its place, starting from the last."""
        for step in reversed(list(path)):
            item = self._items[step]
            if place is None:
                place = Place(item.root, 0)
            elif item.parent is not None:
                place = Place(place.root, place.depth + 1)
            self._places[step] = place
        return place or _UNKNOWN

    def _find(self, id_: Id | None) -> int | None:
        """The index of the item that covers this id."""
        if id_ is None:
            return None
        client, clock = id_
        clocks = self._clocks.get(client)
        if clocks is None:
            return None
        position = bisect_right(clocks, clock) - 1
        if position < 0:
            return None
        index = self._indices[client][position]
        item = self._items[index]
        return index if clock < item.clock + item.length else None
