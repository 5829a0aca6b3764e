"""When the collector of cycles looks through everything."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Final

from collab.admission.doors import Doors
from collab.interfaces import Clock

THRESHOLDS: Final = 2_500, 2, 200
"""Objects made and kept before the collector looks at them, by default 700, which is each few
connections; how often it does that before it looks at those that outlived it, which takes some
milliseconds; and how often that before it looks through everything on its own."""
LEFT: Final = 20_000
"""Connections that ended before everything is looked through, at least."""
SHARE: Final = 4
"""The same, for each that is open."""
LOOK: Final = 1.0
"""Seconds, in which nobody may have left: it is done where it is quiet."""


async def collect_garbage(
    doors: Doors, clock: Clock, collect: Callable[[], object] = gc.collect
) -> None:
    """Look through everything now and then, as peers leave, until cancelled.

    That takes about 12 microseconds for each connection and 30 for each room, in one piece. By
    itself the collector does it each time that the objects became a quarter more, so mostly while
    peers arrive. But who comes leaves no garbage, and who goes next to none: connections and
    sessions let go at their end of what leads back to them. What is left is of requests and
    errors.
    """
    before = last = doors.left
    while True:
        await clock.sleep(LOOK)
        quiet, last = doors.left == last, doors.left
        if quiet and last - before >= max(LEFT, SHARE * doors.open):
            before = last
            collect()
