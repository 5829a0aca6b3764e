"""News between the nodes of one process; a node that is alone needs nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from collab.backplane.subscribers import Subscribers
from collab.news import Event, Gone, News


class MemoryHub:
    """What the ends that were made with it have in common."""

    def __init__(self) -> None:
        self.ends: list[MemoryBackplane] = []
        self.made = 0


class MemoryBackplane:
    """One node's end of a hub; without a hub it has no others.

    News arrives in a later step of the loop, never inside `publish`, so that a publisher is
    not entered again before it is done.
    """

    connected = True

    def __init__(self, hub: MemoryHub | None = None) -> None:
        self._hub = hub if hub is not None else MemoryHub()
        self._hub.ends.append(self)
        self._hub.made += 1
        self.node = f"node-{self._hub.made}"
        self._subscribers = Subscribers()

    async def start(self) -> None:
        """Nothing has to be reached."""

    async def aclose(self) -> None:
        if self in self._hub.ends:
            self._hub.ends.remove(self)
            self._tell(Gone())

    def publish(self, news: News) -> None:
        if self in self._hub.ends:
            self._tell(news)

    def subscribe(
        self,
        receive: Callable[[str, Event], None],
        wanted: Callable[[str], bool] | None = None,
    ) -> Callable[[], None]:
        return self._subscribers.add(receive, wanted)

    def _tell(self, event: Event) -> None:
        for end in self._hub.ends:
            if end is not self and end._subscribers:
                asyncio.get_running_loop().call_soon(end._subscribers.tell, self.node, event)
