"""When the collector of cycles looks, and at what."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Final

from collab.admission.doors import Doors
from collab.interfaces import Clock

THRESHOLDS: Final = 2_500, 2, 1_000_000_000
"""By how many the objects became more before the collector looks at the new ones by itself, by
default 700, which is each few connections; how often it does that before it looks at those that
outlived it, too; and how often that before it looks at all: never, that is done here."""
STEP: Final = 0.1
"""Seconds after which new objects are looked at in any case, and are new no longer."""
STEPS: Final = 10
"""Steps in which nobody may have left before all is looked through: it is done where it is
quiet."""
LEFT: Final = 20_000
"""Connections that ended before all is looked through, at least."""
SHARE: Final = 4
"""The same, for each that is open."""
HOUR: Final = 3600.0
"""Seconds after which it is done whoever left: requests on one connection may leave garbage too."""
FEW: Final = 25_000
"""Blocks of memory in use beyond those at the start, with which it takes 5 to 10 milliseconds:
what 400 connections hold, or 150 rooms."""
PATIENCE: Final = 10
"""It is done without any quiet, and however much there is, once it was due so many times."""


async def collect_garbage(
    doors: Doors,
    clock: Clock,
    collect: Callable[[int], object] = gc.collect,
    blocks: Callable[[], int] = sys.getallocatedblocks,
) -> None:
    """Look for garbage before there is too much to look at, until cancelled.

    The collector counts what is made less what is freed, whenever that was made. Where documents
    come and go at one rate, these are equal for seconds, until it finds tens of thousands of new
    objects at once. So it is made to look by the clock.

    To look at all takes 12 to 20 microseconds for each connection and 30 to 40 for each room, in
    one piece. By itself the collector does it as objects become more, so mostly while peers
    arrive. But who comes leaves no garbage, and who goes next to none: connections and sessions
    let go at their end of what leads back to them. What is left is of requests and errors, most
    of it found while it is new. The rest can wait for an hour with few connections.
    """
    before, done, few = doors.left, clock.monotonic(), blocks() + FEW
    last, quiet = before, 0
    while True:
        await clock.sleep(STEP)
        collect(1)
        quiet, last = quiet + 1 if doors.left == last else 0, doors.left
        left = (last - before) / max(LEFT, SHARE * doors.open)
        due = max(left, (clock.monotonic() - done) / HOUR)
        if due >= PATIENCE or (due >= 1 and quiet >= STEPS and blocks() <= few):
            before, done, quiet = last, clock.monotonic(), 0
            collect(2)
