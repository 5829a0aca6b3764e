"""Which root and which shared types an item of an update lies under.

Most items do not write their parent: they share that of a neighbour, which may be anywhere in
the update, or not in it. So lineage is found by following neighbours and parents, each item
once, without recursion.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import Final, NamedTuple

from collab.errors import ProtocolError
from collab.protocol.structs import Id, Item, StructWalk


class Place(NamedTuple):
    """The root an item lies under (None: not said by this update) and how many shared types
    of this update stand between."""

    root: str | None
    depth: int


_UNKNOWN: Final = Place(None, 0)
_FIRST_CLOCK: Final = itemgetter(0)


def check_type_depth(walk: StructWalk, max_depth: int) -> None:
    """Raise ProtocolError if shared types are nested deeper than `max_depth`, as far as this
    update shows it: what it hangs under in the document is not known here."""
    if len(walk.types) <= max_depth:
        return
    lineage = Lineage(walk)
    for client, clock in walk.types:
        if lineage.place(client, clock).depth >= max_depth:
            raise ProtocolError(f"shared types nested deeper than {max_depth}")


class Lineage:
    """The places of an update's items. Items that wait for each other have none."""

    __slots__ = ("_items", "_places")

    def __init__(self, walk: StructWalk) -> None:
        self._items = walk.items
        self._places: dict[Id, Place] = {}

    def place(self, client: int, clock: int) -> Place:
        """Where the item that covers this id lies."""
        places = self._places
        path: list[tuple[Id, Item]] = []
        place: Place | None = None
        step: Id | None = (client, clock)
        while step is not None and (item := self._find(step)) is not None:
            step = (step[0], item[0])
            place = places.get(step)
            if place is not None:
                break
            places[step] = _UNKNOWN  # ends a circle
            path.append((step, item))
            _, _, _, _, _, parent, neighbour = item
            step = parent or neighbour
        for step, (_, _, _, _, root, parent, _) in reversed(path):
            if place is None:
                place = Place(root, 0)
            elif parent is not None:
                place = Place(place.root, place.depth + 1)
            places[step] = place
        return place or _UNKNOWN

    def _find(self, id_: Id) -> Item | None:
        client, clock = id_
        items = self._items.get(client)
        if not items:
            return None
        item = items[bisect_right(items, clock, key=_FIRST_CLOCK) - 1]
        return item if item[0] <= clock < item[1] else None
