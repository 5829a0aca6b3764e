"""Structs in the bytes of their parts, so that an update can be written again with some changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from collab.protocol.any import MAX_DEPTH
from collab.protocol.content import CONTENT_READERS, GC, SKIP
from collab.protocol.encoding import Reader, write_varuint
from collab.protocol.structs import HAS_ORIGIN, HAS_PARENT_SUB, HAS_RIGHT_ORIGIN, KIND, Id


@dataclass(slots=True)
class StructParts:
    """A struct: `place` is all between the first byte and the content, `right` the bytes of the
    right origin in it, and the ids are those in it."""

    clock: int
    length: int
    info: int
    place: bytes = b""
    right: bytes = b""
    origin: Id | None = None
    right_origin: Id | None = None
    parent: Id | None = None
    content: bytes = b""

    def write(self, out: bytearray) -> None:
        out.append(self.info)
        out += self.place
        out += self.content


def read_structs(reader: Reader, count: int, clock: int) -> Iterator[StructParts]:
    """The structs of a section, the first of them at `clock`."""
    for _ in range(count):
        struct = StructParts(clock, 0, reader.uint8())
        if struct.info in (GC, SKIP):
            start = reader.pos
            struct.length = reader.varuint()
        else:
            _read_place(reader, struct)
            start = reader.pos
            struct.length = CONTENT_READERS[struct.info & KIND](reader, MAX_DEPTH)
        struct.content = reader.data[start : reader.pos]
        yield struct
        clock += struct.length


def _read_place(reader: Reader, struct: StructParts) -> None:
    start = reader.pos
    if struct.info & HAS_ORIGIN:
        struct.origin = _read_id(reader)
    middle = reader.pos
    if struct.info & HAS_RIGHT_ORIGIN:
        struct.right_origin = _read_id(reader)
    struct.right = reader.data[middle : reader.pos]
    if struct.info < HAS_RIGHT_ORIGIN:
        if reader.varuint():
            reader.skip_bytes()
        else:
            struct.parent = _read_id(reader)
        if struct.info & HAS_PARENT_SUB:
            reader.skip_bytes()
    struct.place = reader.data[start : reader.pos]


def _read_id(reader: Reader) -> Id:
    return reader.varuint(), reader.varuint()


def rewrite(update: bytes, change: Callable[[int, StructParts], None]) -> bytes:
    """`update` with each struct, of the client given, as `change` leaves it: not longer or
    shorter in clocks."""
    reader = Reader(update)
    out = bytearray()
    sections = reader.varuint()
    write_varuint(out, sections)
    for _ in range(sections):
        count = reader.varuint()
        client = reader.varuint()
        clock = reader.varuint()
        body = bytearray()
        for struct in read_structs(reader, count, clock):
            change(client, struct)
            struct.write(body)
        write_section(out, count, client, clock, body)
    return bytes(out) + update[reader.pos :]


def write_section(
    out: bytearray, count: int, client: int, clock: int, structs: bytes | bytearray
) -> None:
    """Append the section of a client whose structs are written."""
    for value in (count, client, clock):
        write_varuint(out, value)
    out += structs
