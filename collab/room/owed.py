"""What a peer is owed once something is committed."""

from __future__ import annotations

from collab.protocol.messages import Receipt, SyncStatus, Update

Owed = SyncStatus | Update | Receipt
NO_STATUS = b"\0"
"""The version 0, as clients write versions: before any edit."""


def size_of(message: Owed) -> int:
    """Bytes that it keeps while it waits."""
    match message:
        case Update(update):
            return len(update)
        case SyncStatus(payload):
            return len(payload)
        case Receipt():
            return 0
