"""What an item of an update carries: nine kinds of content, one of them refused.

Each reader steps over one content and gives its length in clocks, which is what the next
struct's clock follows from. Where Yjs and yrs would count differently, or one of them fails,
the content is refused: replicas must not disagree about clocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.any import OBJECT, read_any
from collab.protocol.encoding import CLOCK_LIMIT, Reader
from collab.protocol.strict_json import parse_json

GC: Final = 0
DELETED: Final = 1
JSON: Final = 2
BINARY: Final = 3
STRING: Final = 4
EMBED: Final = 5
FORMAT: Final = 6
TYPE: Final = 7
ANY: Final = 8
DOC: Final = 9
SKIP: Final = 10

ARRAY_TYPE: Final = 0
MAP_TYPE: Final = 1
TEXT_TYPE: Final = 2
XML_ELEMENT_TYPE: Final = 3
XML_FRAGMENT_TYPE: Final = 4
XML_HOOK_TYPE: Final = 5
XML_TEXT_TYPE: Final = 6

ContentReader = Callable[[Reader, int], int]
"""Steps over a content nested at most that deep; gives its length in clocks."""


def _read_deleted(reader: Reader, max_depth: int) -> int:
    return reader.varuint(CLOCK_LIMIT)


def _read_json(reader: Reader, max_depth: int) -> int:
    raise ProtocolError(f"legacy JSON content before byte {reader.pos}")


def _read_binary(reader: Reader, max_depth: int) -> int:
    reader.skip_bytes()
    return 1


def _read_string(reader: Reader, max_depth: int) -> int:
    data = reader.bytes_()
    if data.isascii():
        return len(data)
    # Clocks count UTF-16 units, as JavaScript counts a string.
    return len(reader.decode_text(data).encode("utf-16-le")) // 2


def _read_embed(reader: Reader, max_depth: int) -> int:
    parse_json(reader.string(), max_depth)
    return 1


def _read_format(reader: Reader, max_depth: int) -> int:
    reader.string()
    parse_json(reader.string(), max_depth)
    return 1


def _read_type(reader: Reader, max_depth: int) -> int:
    type_ref = reader.uint8()
    if type_ref > XML_TEXT_TYPE:
        raise ProtocolError(f"unknown shared type {type_ref} before byte {reader.pos}")
    if type_ref == XML_HOOK_TYPE:
        # Yjs writes a name after it that yrs does not expect: yrs then cannot merge the update.
        raise ProtocolError(f"XML hook before byte {reader.pos}")
    if type_ref == XML_ELEMENT_TYPE:
        reader.string()
    return 1


def _read_values(reader: Reader, max_depth: int) -> int:
    length = reader.count()
    for _ in range(length):
        read_any(reader, max_depth)
    return length


def _read_doc(reader: Reader, max_depth: int) -> int:
    reader.string()
    # Yjs spreads the options into an object and fails on anything else.
    if reader.remaining and reader.data[reader.pos] != OBJECT:
        raise ProtocolError(f"options of a subdocument at byte {reader.pos} are not an object")
    read_any(reader, max_depth)
    return 1


def _read_none(reader: Reader, max_depth: int) -> int:
    raise ProtocolError(f"struct of an unknown kind before byte {reader.pos}")


CONTENT_READERS: Final[tuple[ContentReader, ...]] = (
    _read_none,  # GC is no item; with flags set it is nothing at all
    _read_deleted,
    _read_json,
    _read_binary,
    _read_string,
    _read_embed,
    _read_format,
    _read_type,
    _read_values,
    _read_doc,
    *(_read_none,) * 22,  # Skip with flags set, moves, and what was never defined
)
"""Indexed by the lower five bits of a struct's first byte."""
