"""The y-sweet wire: y-websocket's messages, but for one that its client says differently."""

from __future__ import annotations

from collab.protocol import yjs
from collab.protocol.awareness import decode_awareness
from collab.protocol.encoding import Reader
from collab.protocol.messages import AwarenessUpdate, Message


def decode(frame: bytes) -> Message:
    """The one message of a frame. Raises ProtocolError.

    The client answers a query for awareness with a message of the same type that carries its
    states; without them it is the query.
    """
    if len(frame) > 1 and frame[0] == yjs.QUERY_AWARENESS:
        reader = Reader(frame)
        reader.varuint()
        entries = decode_awareness(reader.bytes_())
        reader.expect_end()
        return AwarenessUpdate(entries)
    return yjs.decode(frame)


encode = yjs.encode
