"""Items under a parent that can have no children.

No single update may hold one, but two updates can bring it about: one with a parent that is no
shared type, and one with its child. Yjs puts a GC in the place of the child. yrs refuses the
whole document instead, which would let any editor close it to everyone.
"""

from __future__ import annotations

from collab.protocol.any import MAX_DEPTH
from collab.protocol.content import GC
from collab.protocol.encoding import Reader, write_varuint
from collab.protocol.parts import read_structs, write_section
from collab.protocol.structs import Id, StructWalk


def without_orphans(update: bytes) -> bytes:
    """`update`, merged from valid ones, with GCs in the place of such items, as Yjs has it; most
    often `update` itself. Raises ProtocolError for bytes that are no update."""
    walk = StructWalk(Reader(update), MAX_DEPTH, strict=False)
    walk.run(len(update))
    leaves = walk.leaf_parents()
    return _rewrite(update, leaves) if leaves else update


def _rewrite(update: bytes, leaves: set[Id]) -> bytes:
    reader = Reader(update)
    out = bytearray()
    sections = reader.varuint()
    write_varuint(out, sections)
    for _ in range(sections):
        count = reader.varuint()
        client = reader.varuint()
        body = bytearray()
        first = None
        for struct in read_structs(reader, count):
            if first is None:
                first = struct.clock
            if struct.parent in leaves:
                body.append(GC)
                write_varuint(body, struct.length)
            else:
                struct.write(body)
        write_section(out, count, client, first or 0, body)
    return bytes(out) + update[reader.pos :]
