"""Waiting for an event, but not forever."""

from __future__ import annotations

import asyncio

from collab.interfaces import Clock

SHORTEST = 0.001
"""Seconds. What is due but for a rounding error would else be asked about again and again
while time stands still."""


async def wait_for(event: asyncio.Event, seconds: float | None, clock: Clock) -> None:
    """Return when `event` is set or, unless None, after `seconds` on `clock`."""
    if seconds is None:
        await event.wait()
        return
    if event.is_set():
        return
    waits = [
        asyncio.ensure_future(event.wait()),
        asyncio.ensure_future(clock.sleep(max(seconds, SHORTEST))),
    ]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
