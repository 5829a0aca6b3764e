"""How long a room waits for peers that do not read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collab.interfaces import Clock
from collab.protocol.close import CloseCode
from collab.room.stats import Repairs

if TYPE_CHECKING:
    from collab.room.session import Session

LOOKS: Final = 10
"""Times that a peer is looked at before its patience is over."""


@dataclass(slots=True)
class _Wait:
    taken: int
    since: float


class SlowReaders:
    """Closes peers whose network took nothing for `seconds` while something waited for them.

    One task looks at all of a room, while there are any. A large frame on a thin line is
    progress with every byte of it; see `Channel.taken`.
    """

    def __init__(
        self, clock: Clock, seconds: float, spawn: Callable[[Coroutine[None, None, None]], None]
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._spawn = spawn
        self._waiting: dict[Session, _Wait] = {}
        self._looking = False
        self.repairs = Repairs()

    def watch(self, session: Session) -> None:
        """Something begins to wait for this peer."""
        if session not in self._waiting:
            self._waiting[session] = _Wait(session.taken, self._clock.monotonic())
        if not self._looking:
            self._looking = True
            self._spawn(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._clock.sleep(self._seconds / LOOKS)
                for session, wait in tuple(self._waiting.items()):
                    self._look(session, wait)
        finally:
            self._looking = False

    def _look(self, session: Session, wait: _Wait) -> None:
        now, taken = self._clock.monotonic(), session.taken
        if session.over or not session.outbox.waits:
            del self._waiting[session]
        elif taken != wait.taken or session.outbox.busy:
            wait.taken, wait.since = taken, now
        elif now - wait.since >= self._seconds:
            del self._waiting[session]
            session.close(CloseCode.TRY_LATER, f"nothing was read for {self._seconds:g} seconds")
