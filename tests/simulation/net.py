"""What carries news between the nodes of a run: late, twice, out of order, or not at all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from collab.backplane.roster import Hearing, Roster
from collab.backplane.subscribers import Subscribers
from collab.news import Event, Gone, Missed, News

BEAT = 1.0


@dataclass(slots=True)
class Air:
    """How news fares; the driver of a run changes it as it goes."""

    rng: random.Random
    loss: float = 0.1
    twice: float = 0.1
    delay: float = 0.2
    mute: bool = False
    """The nodes share a database and nothing else."""
    ends: dict[str, LossyBackplane] = field(default_factory=dict)
    parted: set[frozenset[str]] = field(default_factory=set)
    """Pairs of nodes that do not hear each other."""
    made: int = 0

    def calm(self) -> None:
        self.loss = 0.0
        self.parted.clear()
        for end in self.ends.values():
            end.join()

    def part(self) -> None:
        """Two nodes stop hearing each other."""
        if len(self.ends) > 1:
            self.parted.add(frozenset(self.rng.sample(sorted(self.ends), 2)))

    def carry(self, message: Message) -> None:
        for end in tuple(self.ends.values()):
            if end.node == message.node or frozenset((end.node, message.node)) in self.parted:
                continue
            for _ in range(2 if self.rng.random() < self.twice else 1):
                if self.rng.random() >= self.loss:
                    delay = self.rng.random() * self.delay
                    asyncio.get_running_loop().call_later(delay, end.hear, message)


@dataclass(frozen=True, slots=True)
class Message:
    node: str
    number: int
    news: News | None
    """None in a beat."""
    leaving: bool = False


class LossyBackplane:
    """An end, which knows the numbers of what it heard as the one over Redis does."""

    def __init__(self, air: Air) -> None:
        air.made += 1
        self.node = f"n{air.rng.randrange(10**6):06}-{air.made}"
        self.connected = True
        self.dying: Callable[[News], bool] = lambda news: False
        """Asked before each publish; True: the node dies here, with the news unsaid."""
        self._air = air
        self._number = 0
        self._roster = Roster()
        self._subscribers = Subscribers()
        self._beats: asyncio.Task[None] | None = None
        air.ends[self.node] = self

    async def start(self) -> None:
        self._beats = asyncio.get_running_loop().create_task(self._beat())

    async def aclose(self) -> None:
        self._say(None, leaving=True)
        self.die()

    def die(self) -> None:
        """Without a word."""
        if self._air.ends.pop(self.node, None) is not None and self._beats is not None:
            self._beats.cancel()

    @property
    def dead(self) -> bool:
        return self.node not in self._air.ends

    def cut(self) -> None:
        """Nothing comes through, either way, and the node knows."""
        self.connected = False

    def join(self) -> None:
        if not self.connected:
            self.connected = True
            self._roster.resume()
            self._subscribers.tell("", Missed())

    def publish(self, news: News) -> None:
        if not self.dead and not self.dying(news):
            self._say(news)

    def subscribe(
        self,
        receive: Callable[[str, Event], None],
        wanted: Callable[[str], bool] | None = None,
    ) -> Callable[[], None]:
        return self._subscribers.add(receive, wanted)

    def hear(self, message: Message) -> None:
        if self.dead or not self.connected or self._air.mute:
            return
        hearing = self._roster.heard(message.node, message.number)
        if hearing is Hearing.AGAIN:
            return
        if hearing in (Hearing.NEW, Hearing.GAP):
            self._subscribers.tell(message.node, Missed())
        if message.news is not None:
            self._subscribers.tell(message.node, message.news)
        if message.leaving:
            self._roster.left(message.node)
            self._subscribers.tell(message.node, Gone())

    def _say(self, news: News | None, leaving: bool = False) -> None:
        self._number += 1
        if self.connected and not self.dead and not self._air.mute:
            self._air.carry(Message(self.node, self._number, news, leaving))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT * (0.75 + 0.5 * self._air.rng.random()))
            self._say(None)
            if self.connected:
                for node in self._roster.beat():
                    self._subscribers.tell(node, Gone())
