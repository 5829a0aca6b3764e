"""The clock of the running system; tests bring their own."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_time: Final = time.time
_monotonic: Final = time.monotonic


class SystemClock:
    """`collab.interfaces.Clock` over the machine's clocks."""

    # Asked for every commit and for many frames: without a step of Python.
    time = staticmethod(_time)
    monotonic = staticmethod(_monotonic)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
