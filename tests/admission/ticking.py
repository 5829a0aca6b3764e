"""A clock that is set by hand."""

from __future__ import annotations


class Ticking:
    """`Clock` whose time is `now`."""

    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
