"""How much of what comes in bulk is let into one turn of the event loop."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from typing import Final

BUDGET: Final = 0.005
"""Seconds of a turn. What is let in last may take longer, and a commit comes on top."""


class Turnstile:
    """An event loop takes all that is ready before it looks for more: hundreds of peers that
    arrive, write or leave together would hold it for as long as all of them take, and who
    comes meanwhile makes the next turn even longer.

    So whoever takes in something asks first, and does it at once while there is time left in this
    turn. Else it waits here for one of the next, in the order in which it came. It is for one
    event loop.
    """

    __slots__ = ("_ends", "_loop", "_now", "_waiting")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._loop: AbstractEventLoop | None = None
        """The one in whose turn something was let in; None if nothing was."""
        self._ends = 0.0
        self._waiting: deque[Callable[[], None]] = deque()

    def admits(self, loop: AbstractEventLoop, later: float = 0.0) -> bool:
        """Whether there is time for one more now. `later` are the seconds that it will take
        besides, in tasks that it starts or wakes: they are counted as if they passed now."""
        now = self._now()
        if self._loop is None:
            self._begin(loop, now)
        elif self._waiting or now >= self._ends:
            return False
        self._ends -= later
        return True

    def wait(self, loop: AbstractEventLoop, work: Callable[[], None]) -> None:
        """Do `work` once all that came before is done, and there is time. It asks nobody again,
        but calls `spend` for what it starts."""
        self._waiting.append(work)
        if self._loop is None:
            self._begin(loop, self._now())

    def spend(self, later: float) -> None:
        """The same as in `admits`, of what waited."""
        self._ends -= later

    def _begin(self, loop: AbstractEventLoop, now: float) -> None:
        self._loop = loop
        self._ends = now + BUDGET
        loop.call_soon(self._turn)

    def _turn(self) -> None:
        """The loop begins its next turn."""
        loop, self._loop = self._loop, None
        assert loop is not None
        if not self._waiting:
            return
        self._begin(loop, self._now())
        while self._waiting and self._now() < self._ends:
            try:
                self._waiting.popleft()()
            except Exception as error:  # of one is not of the others
                what = {"message": "what waited for its turn failed", "exception": error}
                loop.call_exception_handler(what)
