"""What kind of shared type each root of a document is.

An update does not say it: a root is only a name, and what hangs under it tells its kind.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from collab.protocol import content
from collab.protocol.any import MAX_DEPTH
from collab.protocol.encoding import Reader
from collab.protocol.lineage import Lineage
from collab.protocol.structs import HAS_PARENT_SUB, KIND, StructWalk


class RootKind(StrEnum):
    TEXT = "text"
    XML = "xml"
    MAP = "map"
    ARRAY = "array"


_TEXT_CONTENT: Final = frozenset({content.STRING, content.EMBED, content.FORMAT})
_XML_TYPES: Final = frozenset({content.XML_ELEMENT_TYPE, content.XML_TEXT_TYPE})
_PRECEDENCE: Final = (RootKind.MAP, RootKind.ARRAY, RootKind.XML, RootKind.TEXT)


def root_kinds(update: bytes) -> dict[str, RootKind]:
    """The kind of each root that has something directly under it. Raises ProtocolError.

    Strings, embeds and formats make a text; XML elements and texts make XML; values under a
    key make a map; anything else an array. Of several, the first of these in the order text,
    XML, array, map counts: texts may have embedded types and attributes, XML and arrays hold
    no text, and only maps hold nothing but keys. A root of which nothing but deleted content
    is left is not in the result: no one can tell.
    """
    walk = StructWalk(Reader(update), MAX_DEPTH, strict=False)
    walk.run(len(update))
    lineage = Lineage(walk)
    kinds: dict[str, RootKind] = {}
    for client, items in walk.items.items():
        for clock, _, info, start, *_ in items:
            kind = _evidence(info, update[start])
            if kind is None:
                continue
            root, depth = lineage.place(client, clock)
            if root is not None and depth == 0:
                kinds[root] = max(kinds.get(root, kind), kind, key=_PRECEDENCE.index)
    return kinds


def _evidence(info: int, first: int) -> RootKind | None:
    """What kind of parent an item is for, by its first byte and the first of its content."""
    kind = info & KIND
    if kind == content.DELETED:
        return None
    if info & HAS_PARENT_SUB:
        return RootKind.MAP
    if kind in _TEXT_CONTENT:
        return RootKind.TEXT
    if kind == content.TYPE and first in _XML_TYPES:
        return RootKind.XML
    return RootKind.ARRAY
