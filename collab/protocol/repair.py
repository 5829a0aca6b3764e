"""What the CRDT library reads otherwise than browsers do, in a form that both agree on."""

from __future__ import annotations

from collab.protocol.orphans import without_orphans
from collab.protocol.surrogates import without_split_pairs


def repaired(update: bytes) -> bytes:
    """All of a document, merged from valid updates, as a document of the CRDT library may load it;
    most often `update` itself.

    Only the whole shows what it must not hold: a part has to be merged first.
    Raises ProtocolError for bytes that are no update.
    """
    return without_orphans(without_split_pairs(update))
