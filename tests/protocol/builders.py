"""Bytes of updates, state vectors and awareness, one named builder for each part.

Nothing is checked here: a malformed message is a well-formed one with a wrong argument.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from collab.protocol import content
from collab.protocol.any import write_any
from collab.protocol.encoding import write_bytes, write_varuint
from collab.protocol.structs import HAS_ORIGIN, HAS_PARENT_SUB, HAS_RIGHT_ORIGIN

Id = tuple[int, int]


def varuint(value: int) -> bytes:
    out = bytearray()
    write_varuint(out, value)
    return bytes(out)


def long_varuint(length: int) -> bytes:
    """A one that is spelled with `length` bytes."""
    return b"\x81" + b"\x80" * (length - 2) + b"\x00"


def string(text: str | bytes) -> bytes:
    out = bytearray()
    write_bytes(out, text if isinstance(text, bytes) else text.encode())
    return bytes(out)


def any_value(value: Any) -> bytes:
    out = bytearray()
    write_any(out, value)
    return bytes(out)


@dataclass(frozen=True)
class Place:
    """Where an item goes; by default under the root `t`."""

    origin: Id | None = None
    right_origin: Id | None = None
    root: str | bytes = "t"
    parent: Id | None = None
    key: str | bytes | None = None
    parent_info: int | None = None


AT_ROOT = Place()


def item(kind: int, payload: bytes, place: Place = AT_ROOT) -> bytes:
    info = kind
    out = bytearray()
    for flag, neighbour in (
        (HAS_ORIGIN, place.origin),
        (HAS_RIGHT_ORIGIN, place.right_origin),
    ):
        if neighbour is not None:
            info |= flag
            out += varuint(neighbour[0]) + varuint(neighbour[1])
    if place.key is not None:
        info |= HAS_PARENT_SUB
    if place.origin is None and place.right_origin is None:
        out += _parent(place)
        if place.key is not None:
            out += string(place.key)
    return bytes([info]) + bytes(out) + payload


def _parent(place: Place) -> bytes:
    if place.parent is None:
        return varuint(1 if place.parent_info is None else place.parent_info) + string(place.root)
    return varuint(0) + varuint(place.parent[0]) + varuint(place.parent[1])


def gc_struct(length: int, info: int = content.GC) -> bytes:
    return bytes([info]) + varuint(length)


def skip_struct(length: int, info: int = content.SKIP) -> bytes:
    return bytes([info]) + varuint(length)


def deleted_struct(length: int, place: Place = AT_ROOT) -> bytes:
    return item(content.DELETED, varuint(length), place)


def json_struct(*values: Any, place: Place = AT_ROOT) -> bytes:
    texts = b"".join(string(json.dumps(value)) for value in values)
    return item(content.JSON, varuint(len(values)) + texts, place)


def binary_struct(data: bytes, place: Place = AT_ROOT) -> bytes:
    return item(content.BINARY, string(data), place)


def string_struct(text: str | bytes, place: Place = AT_ROOT) -> bytes:
    return item(content.STRING, string(text), place)


def embed_struct(text: str | bytes, place: Place = AT_ROOT) -> bytes:
    return item(content.EMBED, string(text), place)


def format_struct(key: str | bytes, text: str | bytes, place: Place = AT_ROOT) -> bytes:
    return item(content.FORMAT, string(key) + string(text), place)


def type_struct(ref: int, place: Place = AT_ROOT, *, name: str | bytes | None = None) -> bytes:
    return item(content.TYPE, bytes([ref]) + (b"" if name is None else string(name)), place)


def any_struct(*values: Any, place: Place = AT_ROOT, count: int | None = None) -> bytes:
    written = varuint(len(values) if count is None else count)
    return item(content.ANY, written + b"".join(map(any_value, values)), place)


def doc_struct(guid: str | bytes, options: Any, place: Place = AT_ROOT) -> bytes:
    return item(content.DOC, string(guid) + any_value(options), place)


@dataclass
class Section:
    """The structs of one client; `count` is what it says, if not the truth."""

    client: int
    clock: int
    structs: list[bytes]
    count: int | None = None

    def encode(self) -> bytes:
        count = len(self.structs) if self.count is None else self.count
        head = varuint(count) + varuint(self.client) + varuint(self.clock)
        return head + b"".join(self.structs)


def section(client: int, clock: int, *structs: bytes, count: int | None = None) -> Section:
    return Section(client, clock, list(structs), count)


Deletes = Sequence[tuple[int, Sequence[tuple[int, int]]]]
"""Clients with their `(clock, length)` pairs, as written: twice and unordered if so given."""


def delete_set(deletes: Deletes = ()) -> bytes:
    out = varuint(len(deletes))
    for client, ranges in deletes:
        out += varuint(client) + varuint(len(ranges))
        for clock, length in ranges:
            out += varuint(clock) + varuint(length)
    return out


def update(*sections: Section, deletes: Deletes = (), tail: bytes = b"") -> bytes:
    written = b"".join(each.encode() for each in sections)
    return varuint(len(sections)) + written + delete_set(deletes) + tail


def one(struct: bytes, client: int = 1, clock: int = 0) -> bytes:
    """An update of one struct."""
    return update(section(client, clock, struct))


def state_vector(clocks: Iterable[tuple[int, int]]) -> bytes:
    pairs = list(clocks)
    return varuint(len(pairs)) + b"".join(varuint(a) + varuint(b) for a, b in pairs)


def awareness(*entries: tuple[int, int, str | bytes], count: int | None = None) -> bytes:
    out = varuint(len(entries) if count is None else count)
    for client, clock, text in entries:
        out += varuint(client) + varuint(clock) + string(text)
    return out


def nested_json(depth: int) -> str:
    return "[" * depth + "]" * depth


def nested_value(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


def nested_types(depth: int, client: int = 1) -> Section:
    """Maps within maps, the first of them in the root `t`."""
    inner = (type_struct(1, Place(parent=(client, clock), key="k")) for clock in range(depth - 1))
    return section(client, 0, type_struct(1), *inner)
