"""The close codes that Collab sends, and what a client should do about each.

Codes from 4400 to 4499, but 4408, are permanent: connecting again in the same way will fail in
the same way. The others are transient: connect again, with backoff. Unsaved edits stay with the
client in every case, since no receipt was sent for them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

REASON_BYTES: Final = 123
"""What a WebSocket close frame has room for."""


class CloseCode(IntEnum):
    NORMAL = 1000
    UNSUPPORTED = 1003
    """A text frame: every wire is binary."""
    TOO_BIG = 1009
    """A message over the size limit."""
    INTERNAL = 1011
    """The server failed, for instance to load the document."""
    RESTART = 1012
    """The server is stopping; another, or the same one, will answer soon."""
    TRY_LATER = 1013
    """The peer reads nothing for too long, or the server has too much unsaved."""
    MALFORMED = 4400
    """Bytes that break a rule of SPEC.md, or an id that names no document."""
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    GONE = 4404
    """No such document, or it was deleted."""
    TIMEOUT = 4408
    """The peer did not say in time who it is."""
    FULL = 4413
    """The document is at its byte limit."""
    UNPLACEABLE = 4414
    """Too much of what the peer sent waits for updates that did not come."""
    EARLY = 4415
    """Too much was sent before the server was told who sends it."""
    ROOM_FULL = 4503
    """As many peers as a document takes are there."""
    TOO_MANY = 4508
    """As many connections as the server, the user or the address may have are open."""
    TOO_FAST = 4529
    """Frames kept coming faster than the peer's allowance."""


def fitting(reason: str) -> str:
    """`reason` in as many whole characters as a close frame takes."""
    return reason.encode("utf-8", "replace")[:REASON_BYTES].decode("utf-8", "ignore")
