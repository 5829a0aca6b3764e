"""Items under a parent that can have no children.

No single update may hold one, but two updates can bring it about: one with a parent that is no
shared type, and one with its child. Yjs puts a GC in the place of the child. yrs refuses the
whole document instead, which would let any editor close it to everyone.
"""

from __future__ import annotations

from collab.protocol.any import MAX_DEPTH
from collab.protocol.content import GC
from collab.protocol.encoding import Reader, write_varuint
from collab.protocol.parts import StructParts, rewrite
from collab.protocol.structs import StructWalk


def without_orphans(update: bytes) -> bytes:
    """`update`, merged from valid ones, with GCs in the place of such items, as Yjs has it; most
    often `update` itself. Raises ProtocolError for bytes that are no update."""
    walk = StructWalk(Reader(update), MAX_DEPTH, strict=False)
    walk.run(len(update))
    leaves = walk.leaf_parents()

    def change(client: int, struct: StructParts) -> None:
        if struct.parent in leaves:
            length = bytearray()
            write_varuint(length, struct.length)
            struct.info, struct.place, struct.content = GC, b"", bytes(length)

    return rewrite(update, change) if leaves else update
