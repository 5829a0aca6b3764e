"""The clock of the running system; tests bring their own."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_monotonic: Final = time.monotonic


class SystemClock:
    """`collab.interfaces.Clock` over the machine's clocks."""

    def time(self) -> float:
        return time.time()

    # Asked for every commit and for many frames: without a step of Python.
    monotonic = staticmethod(_monotonic)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
