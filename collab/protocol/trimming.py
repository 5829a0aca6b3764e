"""Take out of an update what is known already.

A client may write different structs under ids that it has used, by a fault or on purpose. Merged
with the first ones they shift the clocks of all that follows, and a browser that loads the
result fails. So an update that overlaps what is known is cut to what is new: the first struct
under an id is the one that counts, for everyone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collab.protocol.any import read_any
from collab.protocol.content import ANY, GC, SKIP, STRING
from collab.protocol.encoding import Reader, write_string, write_varuint
from collab.protocol.parts import StructParts, read_structs, write_section
from collab.protocol.ranges import Ranges
from collab.protocol.structs import HAS_ORIGIN, KIND


def without_known(update: bytes, known: Mapping[int, Ranges]) -> bytes:
    """A valid update without the structs, or the parts of them, that `known` covers; with all
    its deletes. Cut in the middle of a surrogate pair, a string gets U+FFFD, as in Yjs."""
    reader = Reader(update)
    out = bytearray()
    sections = 0
    for _ in range(reader.varuint()):
        count = reader.varuint()
        client = reader.varuint()
        structs = read_structs(reader, count, reader.varuint())
        sections += _write_section(out, client, structs, known.get(client, ()))
    head = bytearray()
    write_varuint(head, sections)
    return bytes(head + out) + update[reader.pos :]


def _write_section(
    out: bytearray, client: int, structs: Iterator[StructParts], known: Ranges
) -> int:
    """Append what is new of a client's structs; the number of sections that makes."""
    body = bytearray()
    count = first = end = 0
    for struct in structs:
        if struct.info == SKIP:
            continue
        for start, stop in _gaps(struct.clock, struct.clock + struct.length, known):
            if not count:
                first = start
            elif end < start:
                body.append(SKIP)
                write_varuint(body, start - end)
                count += 1
            _write_piece(body, client, struct, start, stop)
            count += 1
            end = stop
    if not count:
        return 0
    write_section(out, count, client, first, body)
    return 1


def _gaps(start: int, stop: int, known: Ranges) -> Iterator[tuple[int, int]]:
    """The parts of a range that `known` does not cover."""
    for known_start, known_stop in known:
        if known_stop <= start:
            continue
        if known_start >= stop:
            break
        if start < known_start:
            yield start, known_start
        start = known_stop
    if start < stop:
        yield start, stop


def _write_piece(out: bytearray, client: int, struct: StructParts, start: int, stop: int) -> None:
    """Append the part of a struct from one clock to another."""
    if stop - start == struct.length:
        struct.write(out)
        return
    info = struct.info
    if start > struct.clock and info != GC:
        # As if it had been written by itself: to the right of the part before.
        out.append(info | HAS_ORIGIN)
        write_varuint(out, client)
        write_varuint(out, start - 1)
        out += struct.right
    else:
        out.append(info)
        out += struct.place
    _write_content(out, struct, start - struct.clock, stop - struct.clock)


def _write_content(out: bytearray, struct: StructParts, start: int, stop: int) -> None:
    """Append a part of a content. Those not named here have a length of one."""
    reader = Reader(struct.content)
    kind = struct.info & KIND
    if kind == STRING:
        units = reader.string().encode("utf-16-le")[2 * start : 2 * stop]
        write_string(out, units.decode("utf-16-le", "replace"))
    elif kind == ANY:
        reader.varuint()
        write_varuint(out, stop - start)
        for _ in range(start):
            read_any(reader)
        first = reader.pos
        for _ in range(stop - start):
            read_any(reader)
        out += reader.data[first : reader.pos]
    else:  # GC, or deleted content
        write_varuint(out, stop - start)
