"""Waiting for a state that only events can bring, never for an amount of time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

WITHIN = 15.0
"""Seconds that a wait may take. Only a failure ever takes that long."""


class Signal:
    """Something changes now and then; whoever waits looks again."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def fire(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(
        self, holds: Callable[[], bool], describe: Callable[[], str], within: float = WITHIN
    ) -> None:
        """Returns once `holds()`. Raises AssertionError, with what there is instead, when late."""
        try:
            async with asyncio.timeout(within):
                while not holds():
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"not within {within} s: {describe()}") from None
