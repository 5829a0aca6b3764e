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
LEFT: Final = 2_000
"""Connections that ended before everything is looked through, at least."""
LOOK: Final = 1.0
"""Seconds."""


async def collect_garbage(
    doors: Doors, clock: Clock, collect: Callable[[], object] = gc.collect
) -> None:
    """Look through everything whenever as many connections ended as there are, until cancelled.

    That takes about 12 microseconds for each connection, in one piece. By itself the collector
    does it each time that the objects became a quarter more, so mostly while peers arrive. But
    who comes leaves no garbage, only who goes: memory grows to no more than twice what the
    connections need.
    """
    before = doors.left
    while True:
        await clock.sleep(LOOK)
        if doors.left - before >= max(LEFT, doors.open):
            before = doors.left
            collect()
