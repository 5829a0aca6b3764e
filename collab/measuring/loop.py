"""How late the event loop is."""

from __future__ import annotations

from typing import Final

from collab.interfaces import Clock
from collab.measuring.histogram import SECONDS, Histogram

EVERY: Final = 0.25
"""Seconds between two looks, which take 0.01 % of a core. What keeps the loop for longer is
always seen, what keeps it for a tenth of that one time in ten."""


class LoopDelay:
    """Sleeps again and again, and measures by how much it was woken too late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seconds = Histogram(SECONDS)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            due = self._clock.monotonic() + EVERY
            await self._clock.sleep(EVERY)
            self.seconds.observe(max(0.0, self._clock.monotonic() - due))
