"""An event loop whose time jumps to the next timer when nothing else is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any


class DeadlockError(RuntimeError):
    """Everything waits, and no timer will ever end it."""


class _NoSelector(selectors.BaseSelector):
    """Watches nothing: what the loop registers here is its own wake-up pipe."""

    def __init__(self) -> None:
        self.now = 0.0
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, fileobj, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise DeadlockError("all tasks wait for something that no timer brings")
        self.now += max(0.0, timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs the same callbacks in the same order each time: no sockets, threads or real time."""

    def __init__(self) -> None:
        self._no_selector = _NoSelector()
        super().__init__(self._no_selector)

    def time(self) -> float:
        return self._no_selector.now


class LoopClock:
    """`Clock` on the time of the running loop."""

    EPOCH = 1_700_000_000.0

    def time(self) -> float:
        return self.EPOCH + self.monotonic()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
