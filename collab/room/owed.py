"""What a peer is owed once something is committed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, cast

from collab.protocol.messages import Receipt, SyncStatus, Update

if TYPE_CHECKING:
    from collab.room.session import Session

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


class Statuses:
    """What one peer is answered when it asks whether its edits are saved."""

    __slots__ = ("_kept", "refused")

    def __init__(self) -> None:
        self.refused = False
        """Whether an edit of it is neither logged nor known."""
        self._kept = NO_STATUS

    def answer(self, asked: SyncStatus) -> SyncStatus:
        """Once an edit was refused, the last status before that, since clients take the answer
        for all that they sent. Some reconnect if there is none."""
        if self.refused:
            return SyncStatus(self._kept)
        self._kept = asked.payload
        return asked


_NONE: Final = cast("deque[tuple[int, Session, Owed]]", ())
"""What is due in the many rooms where nobody writes: a deque takes 760 bytes."""


class Receipts:
    """What the peers of a room are owed, by the ticket that has to be saved first."""

    __slots__ = ("_due",)

    def __init__(self) -> None:
        self._due = _NONE
        """In the order of the tickets."""

    def add(self, ticket: int, session: Session, message: Owed) -> None:
        if self._due is _NONE:
            self._due = deque()
        self._due.append((ticket, session, message))

    def give(self, saved: int) -> None:
        """Send all that is due once this ticket is saved."""
        due = self._due
        while due and due[0][0] <= saved:
            _, session, message = due.popleft()
            session.receipt(message)

    def drop(self) -> None:
        if self._due:
            self._due.clear()
