"""Deadlines that many have, all of the same length: one timer for all of them."""

from __future__ import annotations

from asyncio import AbstractEventLoop, CancelledError, TimerHandle, current_task
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Calls `ring(who)` so many seconds after `begin(who)`, unless `end(who)` came before.

    They end in the order in which they begin, so that the event loop need know of the first
    alone. A timer of the loop for each costs more than all else that is done about most.
    """

    def __init__(self, seconds: float, ring: Callable[[T], None]) -> None:
        self._seconds = seconds
        self._ring = ring
        self._due: dict[T, float] = {}
        self._timer: TimerHandle | None = None

    def begin(self, who: T, loop: AbstractEventLoop) -> None:
        """Who has one already keeps it. All of them are on one loop."""
        self._due.setdefault(who, loop.time() + self._seconds)
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look, loop)

    def end(self, who: T) -> None:
        self._due.pop(who, None)

    def _look(self, loop: AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while self._due:
            who, due = next(iter(self._due.items()))
            if due > now:
                self._timer = loop.call_at(due, self._look, loop)
                return
            del self._due[who]
            try:
                self._ring(who)
            except Exception as error:  # of one is not of the others
                what = {"message": "a deadline failed", "exception": error}
                loop.call_exception_handler(what)


class Limit:
    """A part of a task that raises TimeoutError if it takes too long, as `asyncio.timeout`."""

    __slots__ = ("_cancelling", "_limits", "_loop", "_over", "_task")

    def __init__(self, limits: Deadlines[Limit], loop: AbstractEventLoop) -> None:
        self._limits = limits
        self._loop = loop
        self._over = False

    def __enter__(self) -> None:
        task = current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._limits.begin(self, self._loop)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._limits.end(self)
        if not self._over:
            return
        # Whoever cancelled the task besides wants it to end.
        if self._task.uncancel() <= self._cancelling and kind is CancelledError:
            raise TimeoutError from error

    def ring(self) -> None:
        self._over = True
        self._task.cancel()


def limits(seconds: float) -> Deadlines[Limit]:
    """What parts of tasks share that may each take so many seconds."""
    return Deadlines(seconds, Limit.ring)
