"""What kind of shared type each root of a document is.

An update does not say it: a root is only a name, and what hangs under it tells its kind.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from collab.protocol import content
from collab.protocol.encoding import MAX_SAFE_INTEGER
from collab.protocol.lineage import Lineage, read_items
from collab.protocol.structs import Item


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
    items = read_items(update, MAX_SAFE_INTEGER)
    lineage = Lineage(items)
    kinds: dict[str, RootKind] = {}
    for index, item in enumerate(items):
        kind = _evidence(item)
        if kind is None:
            continue
        root, depth = lineage.place(index)
        if root is not None and depth == 0:
            kinds[root] = max(kinds.get(root, kind), kind, key=_PRECEDENCE.index)
    return kinds


def _evidence(item: Item) -> RootKind | None:
    """What kind of parent the item is for."""
    if item.kind == content.DELETED:
        return None
    if item.has_key:
        return RootKind.MAP
    if item.kind in _TEXT_CONTENT:
        return RootKind.TEXT
    if item.type_ref in _XML_TYPES:
        return RootKind.XML
    return RootKind.ARRAY
