"""Errors as close codes: what a peer that cannot be served is told."""

from __future__ import annotations

from collab import errors
from collab.protocol.close import CloseCode

# The first class that an error is an instance of decides, so subclasses come first.
_CODES: tuple[tuple[type[errors.CollabError], CloseCode], ...] = (
    (errors.InvalidDocumentId, CloseCode.MALFORMED),
    (errors.Unauthenticated, CloseCode.UNAUTHORIZED),
    (errors.AccessDenied, CloseCode.FORBIDDEN),
    (errors.DocumentNotFound, CloseCode.GONE),
    (errors.LimitExceeded, CloseCode.TOO_BIG),
    (errors.ProtocolError, CloseCode.MALFORMED),
    (errors.RoomFull, CloseCode.ROOM_FULL),
    (errors.TooManyConnections, CloseCode.TOO_MANY),
    (errors.TooFrequent, CloseCode.TOO_FAST),
    (errors.Unavailable, CloseCode.TRY_LATER),
)

# RFC 6455 gives a close frame 125 bytes, two of which are the code.
MAX_REASON = 123


def close_code(error: errors.CollabError) -> CloseCode:
    """The code for `error`; INTERNAL, which is worth a retry, for what has none."""
    return next((code for cls, code in _CODES if isinstance(error, cls)), CloseCode.INTERNAL)


def reason_of(error: errors.CollabError) -> str:
    """What the peer is told beside the code; nothing of the inside."""
    match error:
        case errors.DocumentNotFound():
            return "there is no such document"
        case errors.StorageError():
            return "the store does not answer"
        case _:
            return str(error)


def close_reason(text: str) -> str:
    """`text` cut to what a close frame holds, never inside a character."""
    return text.encode()[:MAX_REASON].decode(errors="ignore")
