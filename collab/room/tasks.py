"""Tasks that somebody owns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

from collab.interfaces import Clock

logger = logging.getLogger(__name__)


class Tasks:
    """Background tasks of one owner, who ends them with `aclose`.

    Not an `asyncio.TaskGroup`: there the failure of one task cancels all the others.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False
        self.failures = 0

    def spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        """Run `work` on its own; an exception in it is logged and counted."""
        if self._closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def later(self, clock: Clock, seconds: float, callback: Callable[[], None]) -> None:
        """Call `callback` after so many seconds, unless all ends before."""

        async def call() -> None:
            await clock.sleep(seconds)
            callback()

        self.spawn(call(), "later")

    async def aclose(self) -> None:
        self._closed = True
        while self._running:
            running = tuple(self._running)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            self._running.difference_update(running)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures += 1
            logger.error("%s failed", task.get_name(), exc_info=error)
