"""How far a room's life is."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from collab.protocol.close import CloseCode

RESTARTING: Final = CloseCode.RESTART, "the server is restarting"
DELETED: Final = CloseCode.GONE, "the document was deleted"


class RoomState(Enum):
    """A room exists from the moment its document is loaded."""

    OPEN = auto()
    DRAINING = auto()
    """No joins and no writes; what was accepted is being saved."""
    GONE = auto()
    """Not in the registry any more; nothing in it changes."""
