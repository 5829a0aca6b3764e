"""What the peers of a room were told of its document."""

from __future__ import annotations

from collab.crdt.updates import EMPTY_STATE
from collab.room.log import DocumentLog


class Told:
    """`state` is a state vector that every peer has who was sent everything so far: that of a
    snapshot, since it costs nothing, whose content was all sent out, or answered with.

    What another node compacted is adopted without having been sent. Until peers are told of
    it, and until every own commit that it may hold is known to be done and sent out, the state
    stays that of the snapshot before.
    """

    __slots__ = ("_adopted", "_log", "owed", "state")

    def __init__(self, log: DocumentLog) -> None:
        self._log = log
        self._adopted = False
        self.owed: bytes | None = None
        """The state that peers have, while they were not told what was adopted."""
        self.state = EMPTY_STATE
        self.all(unsaved=False)

    def adopted(self, state_vector: bytes) -> None:
        """The log is replaced; peers, and what is pending, have this state."""
        self._adopted = True
        if self.owed is None:
            self.owed = state_vector

    def all(self, unsaved: bool) -> None:
        """All that is in the log was sent out, but what is owed. `unsaved`: there are commits
        under way, or to come."""
        if self.owed is None and not (self._adopted and unsaved):
            self._adopted = False
            base = self._log.base
            self.state = base.state_vector if base is not None else EMPTY_STATE
