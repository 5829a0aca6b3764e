"""News between nodes over one pub/sub channel of a Redis.

A node's news gathers while a message is under way, and the next message takes all of it. Messages
are numbered; one is sent every few seconds even if nothing is new, so that a lost tail is noticed,
and heard back, so that a Redis that stands still is. Nothing is kept in Redis.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from redis.exceptions import RedisError, ResponseError

from collab.backoff import Backoff
from collab.backplane.connecting import Connector, Line, hopeless
from collab.backplane.gathering import Gathering, GatheringLimits
from collab.backplane.roster import Hearing, Roster
from collab.backplane.stats import BackplaneStats
from collab.backplane.subscribers import Subscribers
from collab.backplane.wire import decode_message, encode_message, encode_news
from collab.errors import ConfigError, ProtocolError
from collab.interfaces import Clock
from collab.news import Event, Gone, Missed, News

_log = logging.getLogger(__name__)

MESSAGE_BYTES: Final = 1 << 20
"""A message takes no more news once it is as large; one piece may go over it."""

MESSAGE_ENTRIES: Final = 2000
"""Likewise; others read as many at a stretch."""

START_SECONDS: Final = 5.0
"""A Redis that answers later does not hold up the start."""

GOODBYE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Timings:
    """In seconds; tests are faster."""

    beat: float = 2.0
    """Between messages, if nothing is new; a quarter more or less at random. A node that is silent
    for `SILENT_BEATS` of them is gone."""
    deaf: float = 5.0
    """Without any message, or until a message of our own is back: the connection is given up."""
    retry_first: float = 0.1
    retry_most: float = 2.0
    """Between tries to connect."""


class _Outgoing(NamedTuple):
    number: int
    data: bytes
    leaving: bool


class _Side:
    """Speaking, or listening: what it does with a connection, and how that goes."""

    def __init__(self, name: str, work: Callable[[Line], Awaitable[None]]) -> None:
        self.name = name
        self.work = work
        self.up = False
        self.was_up = False


class RedisBackplane:
    """One node's end. `publish` only notes what there is to say; two tasks, each with a connection
    of its own, speak and listen. Raises ConfigError for a URL that names no Redis."""

    def __init__(
        self,
        url: str,
        prefix: str,
        clock: Clock,
        random: random.Random,
        timings: Timings | None = None,
        limits: GatheringLimits | None = None,
    ) -> None:
        self.node = f"node-{random.getrandbits(64):016x}"
        self.stats = BackplaneStats()
        self._connector = Connector(url)
        self._channel = f"{prefix}:news"
        self._clock = clock
        self._random = random
        self._timings = timings or Timings()
        self._backoff = Backoff(self._timings.retry_first, self._timings.retry_most, random)
        self._subscribers = Subscribers()
        self._roster = Roster()
        self._gathering = Gathering(limits)
        self._number = 0
        self._under_way: _Outgoing | None = None
        """A message that Redis is not known to have taken: sent again, under the same number."""
        self._echo: tuple[int, float] | None = None
        """A message of our own that was not heard back yet, and when it was sent."""
        self._wake = asyncio.Event()
        self._beat_due = True
        self._heard_any = False
        """Whether any message came since the last beat."""
        self._missed = False
        """Whether there was a time, since the start, when nobody listened here."""
        self._anew = False
        """Whether to speak over another connection."""
        self._closing = self._left = False
        self._warned: str | None = None
        self._speaking = _Side("speaks", self._speak)
        self._listening = _Side("listens", self._listen)
        self._tasks: list[asyncio.Task[None]] = []
        self._first: asyncio.Future[None] | None = None
        """How the first try to reach Redis ended, for who waits in `start`."""

    @property
    def connected(self) -> bool:
        return self._speaking.up and self._listening.up

    def publish(self, news: News) -> None:
        if self._closing:
            return
        self.stats.published += 1
        waiting = len(self._gathering)
        if not self._gathering.put(news):
            self._drop(waiting + 1)
        self.stats.waiting_bytes = self._gathering.bytes
        self._wake.set()

    def subscribe(
        self,
        receive: Callable[[str, Event], None],
        wanted: Callable[[str], bool] | None = None,
    ) -> Callable[[], None]:
        return self._subscribers.add(receive, wanted)

    # --- Life --------------------------------------------------------------------------

    async def start(self) -> None:
        first = self._first = asyncio.get_running_loop().create_future()
        for side in (self._speaking, self._listening):
            name = f"backplane {side.name}"
            self._tasks.append(asyncio.create_task(self._keep(side), name=name))
        self._tasks.append(asyncio.create_task(self._beat(), name="backplane beats"))
        done, _ = await asyncio.wait((first,), timeout=START_SECONDS)
        self._first = None
        if not done:
            self._warn("it does not answer")
        elif (error := first.exception()) is not None:
            await self.aclose()
            raise error

    async def aclose(self) -> None:
        if not self._closing:
            self._closing = True
            self._wake.set()
            if self._speaking.up:
                await asyncio.wait(self._tasks[:1], timeout=GOODBYE_SECONDS)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._speaking.up = self._listening.up = False
            await self._connector.aclose()

    async def _keep(self, side: _Side) -> None:
        """Connect again and again, until the end."""
        failures = 0
        while True:
            try:
                async with self._connector.line() as line:
                    await side.work(line)
            except (RedisError, OSError, TimeoutError) as error:
                self._failed(error)
            except Exception:
                _log.exception("the backplane failed, and tries again")
            if self._closing:
                return  # also where the library took the cancellation for an error of its own
            failures = 1 if side.up else failures + 1
            side.up = False
            self._echo = None
            self._missed = self._missed or side is self._listening
            await self._clock.sleep(self._backoff.pause(failures))

    def _is_up(self, side: _Side) -> None:
        if side.up:
            return
        self.stats.reconnects += side.was_up
        side.up = side.was_up = True
        if self.connected:
            level = logging.INFO if self._warned is None else logging.WARNING
            _log.log(level, "%s hears other nodes over Redis", self.node)
            self._warned = None
            if self._first is not None and not self._first.done():
                self._first.set_result(None)

    def _failed(self, error: Exception) -> None:
        reason = hopeless(error)
        self._warn(reason or str(error) or type(error).__name__, again=reason is not None)
        if self._first is not None and not self._first.done():
            if reason is None:
                self._first.set_result(None)  # it goes on without Redis
            else:
                self._first.set_exception(ConfigError(reason))

    def _warn(self, reason: str, again: bool = False) -> None:
        """Once for each time that Redis is away, and once more for what will not mend itself."""
        if not self._closing and (self._warned is None or (again and self._warned != reason)):
            self._warned = reason
            _log.warning("Redis is away, other nodes are heard of late: %s", reason)

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(self._timings.beat * (0.75 + 0.5 * self._random.random()))
            self._beat_due = True
            self._wake.set()
            if self._heard_any:  # where nobody is heard, nobody is silent
                self._heard_any = False
                for node in self._roster.beat():
                    self._tell(node, Gone())
            self.stats.nodes = len(self._roster)

    # --- Speaking ----------------------------------------------------------------------

    async def _speak(self, line: Line) -> None:
        self._anew = False
        self._beat_due = True
        while not self._left:
            if self._under_way is None:
                while not (self._gathering or self._beat_due or self._closing or self._anew):
                    self._wake.clear()
                    await self._wake.wait()
                self._under_way = self._compose()
            if self._anew:
                raise TimeoutError("what is said does not come back")
            number, data, leaving = self._under_way
            if self._echo is None:
                self._echo = (number, self._clock.monotonic())
            try:
                await line.publish(self._channel, data)
            except ResponseError:
                self._under_way = None  # this one will never be taken
                self.stats.dropped += 1
                raise
            self.stats.messages_sent += 1
            self.stats.bytes_sent += len(data)
            self._under_way = None
            self._left = leaving
            self._is_up(self._speaking)

    def _compose(self) -> _Outgoing:
        """All that waits, up to the size of a message."""
        entries: list[bytes] = []
        size = 0
        while size < MESSAGE_BYTES and len(entries) < MESSAGE_ENTRIES:
            if (news := self._gathering.pop()) is None:
                break
            try:
                entries.append(encode_news(news))
                size += len(entries[-1])
            except UnicodeEncodeError:
                _log.error("news of %r has no UTF-8 and is not sent", news.document)
                self._drop(1)
        self.stats.waiting_bytes = self._gathering.bytes
        self._beat_due = False
        self._number += 1
        leaving = self._closing and not self._gathering
        data = encode_message(self.node, self._number, entries, leaving)
        return _Outgoing(self._number, data, leaving)

    def _drop(self, pieces: int) -> None:
        """The next number is left out, so that the others know."""
        self.stats.dropped += pieces
        self._number += 1

    # --- Listening ---------------------------------------------------------------------

    async def _listen(self, line: Line) -> None:
        await line.subscribe(self._channel)
        self._roster.resume()
        self._echo = None
        self._is_up(self._listening)
        if self._missed:
            self._tell("", Missed())
        while True:
            self._take(await line.next(self._timings.deaf))
            if self._echo is not None:
                _, since = self._echo
                if self._clock.monotonic() - since > self._timings.deaf:
                    # The two connections have come to different servers, or one leads nowhere.
                    self._anew = True
                    self._wake.set()
                    raise TimeoutError("what is said does not come back")
            await asyncio.sleep(0)  # a full buffer is read without ever waiting

    def _take(self, data: bytes) -> None:
        self._heard_any = True
        self.stats.messages_received += 1
        self.stats.bytes_received += len(data)
        try:
            message = decode_message(data, self._subscribers.want, self.node)
        except ProtocolError as error:
            self._refuse(str(error))
            return
        if message.node == self.node:
            self._heard_back(message.number)
            return
        match self._roster.heard(message.node, message.number):
            case Hearing.AGAIN:
                return
            case Hearing.CROWDED:
                self._refuse("too many nodes")
                return
            case Hearing.NEW:
                self._tell(message.node, Missed())
            case Hearing.GAP:
                self.stats.gaps += 1
                self._tell(message.node, Missed())
            case Hearing.NEXT:
                pass
        self.stats.received += len(message.news)
        for news in message.news:
            self._tell(message.node, news)
        if message.leaving:
            self._roster.left(message.node)
            self._tell(message.node, Gone())
        self.stats.nodes = len(self._roster)

    def _heard_back(self, number: int) -> None:
        if self._echo is not None and number >= self._echo[0]:
            self.stats.lag = self._clock.monotonic() - self._echo[1]
            self._echo = None

    def _refuse(self, reason: str) -> None:
        """Who sent it is not known, so anyone may have."""
        self.stats.refused += 1
        if self.stats.refused == 1:
            _log.warning("a message on the channel %r is refused: %s", self._channel, reason)
        self._tell("", Missed())

    def _tell(self, node: str, event: Event) -> None:
        self._subscribers.tell(node, event)
