"""What a session is sent once something is committed."""

from __future__ import annotations

from collab.protocol.messages import Receipt, SyncStatus, Update

Owed = SyncStatus | Update | Receipt


def size_of(message: Owed) -> int:
    """The bytes that it holds while it waits."""
    match message:
        case Update(update):
            return len(update)
        case SyncStatus(payload):
            return len(payload)
        case Receipt():
            return 0
