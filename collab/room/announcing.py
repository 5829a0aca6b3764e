"""News of presence, told at once where it is quiet and a little later where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from collab.interfaces import Clock
from collab.protocol.awareness import AwarenessEntry

Publish = Callable[[tuple[AwarenessEntry, ...]], None]
Later = Callable[[float, Callable[[], None]], None]
"""Calls back after so many seconds."""


class Announcer:
    """Publishes at most one frame each `window` seconds, with the latest of every client id.

    The first news after a quiet while does not wait. Fifty carets that move ten times a second
    are otherwise five hundred frames a second for each of fifty peers, and as many back, since
    Yjs clients send back what they hear.
    """

    __slots__ = ("_clock", "_last", "_later", "_publish", "_waiting", "_window")

    def __init__(self, clock: Clock, window: float, publish: Publish, later: Later) -> None:
        self._clock = clock
        self._window = window
        self._publish = publish
        self._later = later
        self._last = float("-inf")
        self._waiting: dict[int, AwarenessEntry] = {}

    def say(self, entries: Iterable[AwarenessEntry]) -> None:
        news = {entry.client: entry for entry in entries}
        if not news:
            return
        if self._waiting:
            self._waiting.update(news)
            return
        now = self._clock.monotonic()
        pause = self._last + self._window - now
        if pause <= 0:
            self._last = now
            self._publish(tuple(news.values()))
            return
        self._waiting = news
        self._later(pause, self._flush)

    def _flush(self) -> None:
        entries, self._waiting = tuple(self._waiting.values()), {}
        self._last = self._clock.monotonic()
        self._publish(entries)
