"""The clock of the running system; tests bring their own."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """`collab.interfaces.Clock` over the machine's clocks."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
