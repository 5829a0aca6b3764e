"""Rights of live connections: looked at again whenever they may have changed."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from collab.access import Access, Identity
from collab.auth.alarms import Alarms
from collab.auth.watch import RENEW_BEFORE, Watch, Watched
from collab.errors import AccessDenied, CollabError, StorageError, Unauthenticated
from collab.interfaces import Authorizer, Clock
from collab.news import AccessChanged, Backplane, Event, Missed

__all__ = ["LiveAccess", "Watch", "Watched"]

_log = logging.getLogger(__name__)

LOOKUPS: Final = 8
"""Look-ups at a time; the others wait in line, each connection once."""

LOOKUP_SECONDS: Final = 5.0
"""A look-up that takes longer has failed."""

CHECK_SECONDS: Final = 30.0
"""Time after which rights are looked at although nothing is known to have changed, in case
the news of it was lost."""

CHECKS_A_SECOND: Final = 50
"""So many such look-ups are made; with more connections than that allows, it takes longer."""

RECHECKS_A_SECOND: Final = 1000
"""So many are made at most because news was missed."""

FAILING_SECONDS: Final = 30.0
"""So long are rights kept that are known to have changed and cannot be read."""

RETRY_SECONDS: Final = (0.1, 2.0)
"""The first pause between attempts at that, which doubles, and the longest."""

EXPIRED: Final = "The token or link has expired."

ALARM_SECONDS: Final = 0.001
"""By how much an alarm may be late."""

_GOLDEN: Final = 0.618034
"""Multiples of it fill an interval evenly, however many there are."""


class LiveAccess:
    """All watches of this node, by document.

    Rights change in place: whoever lost them is told `denied`, whoever has others `granted`.
    A change that comes during a look-up leads to another. If what changed cannot be read,
    it is tried again for FAILING_SECONDS, and then the connection is refused with an error
    that is worth a retry.
    """

    def __init__(self, authorizer: Authorizer, backplane: Backplane, clock: Clock) -> None:
        self._authorizer = authorizer
        self._backplane = backplane
        self._clock = clock
        self._watches: dict[str, set[Watch]] = {}
        self._count = self._begun = 0
        self._queue: deque[Watch] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._working = 0
        self._alarms = Alarms(clock, self._ring, Watch.awaits)
        self._ringing: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._making_good: asyncio.Task[None] | None = None
        self._failing = self._closed = self._missed = False

    async def start(self) -> None:
        self._unsubscribe = self._backplane.subscribe(self._receive, self._watches.__contains__)
        self._ringing = asyncio.create_task(self._alarms.run(), name="live access")

    async def aclose(self) -> None:
        self._closed = True
        self._unsubscribe()
        self._queue.clear()
        tasks = [*self._workers, *filter(None, (self._ringing, self._making_good))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- Connections -------------------------------------------------------------------

    def watch(self, document: str, identity: Identity) -> Watch:
        """Begin to note changes, before the rights are looked up for the first time."""
        watch = Watch(document, identity, self)
        self._watches.setdefault(document, set()).add(watch)
        self._count += 1
        return watch

    def begin(self, watch: Watch, access: Access, watched: Watched) -> None:
        """Tell `watched` what changes from now on; it has `access`."""
        if watch not in self._watches.get(watch.document, ()):
            return
        watch.watched = watched
        self._begun += 1
        watch.check_at = self._next_check()
        self._take(watch, access)
        self._warn_later(watch)
        self._arm(watch)
        if watch.stale:
            self._want(watch)

    # --- Changes -----------------------------------------------------------------------

    def changed(self, document: str, of: str | None = None) -> None:
        """Rights in the document were changed, here: look again, and tell other nodes. Those
        `of` a user or link, by id, are looked at first."""
        self.recheck(document, of)
        self._backplane.publish(AccessChanged(document))

    def recheck(self, document: str | None = None, of: str | None = None) -> None:
        """Look again at the rights of all connections of this node to the document; without
        one, of all connections: for rights that come from elsewhere."""
        found: Iterable[Watch]
        if document is not None:
            found = self._watches.get(document, ())
        else:
            found = (watch for watches in self._watches.values() for watch in watches)
        for watch in found:
            watch.stale = True
            identity = watch.identity
            self._want(watch, first=of is not None and of in (identity.user, identity.link))

    def _receive(self, _node: str, event: Event) -> None:
        if isinstance(event, AccessChanged):
            self.recheck(event.document)
        elif isinstance(event, Missed):
            self._missed = True
            if self._making_good is None or self._making_good.done():
                work = self._make_good()
                self._making_good = asyncio.create_task(work, name="look after missed news")

    async def _make_good(self) -> None:
        """Any of the news missed may have been of rights: look again at all, a while apart.

        They are not known to have changed: who cannot be looked up now keeps them.
        """
        while self._missed:
            self._missed = False
            for watch in [watch for watches in self._watches.values() for watch in watches]:
                if watch.watched is None or watch.looking:
                    watch.stale = True
                else:
                    self._want(watch)
            await self._clock.sleep(max(1.0, self._count / RECHECKS_A_SECOND))

    def renewed(self, watch: Watch) -> None:
        if watch.watched is not None:
            self._warn_later(watch)
            self._want(watch)

    # --- Looking up --------------------------------------------------------------------

    def _want(self, watch: Watch, first: bool = False) -> None:
        """Line up for a look-up. During one nothing is done: it ends with a look at `stale`."""
        if watch.watched is None or watch.looking or self._closed:
            return
        if first and not watch.first:
            # If it stands in line already, its place there comes to nothing.
            self._queue.appendleft(watch)
            watch.first = watch.queued = True
        elif not watch.queued:
            self._queue.append(watch)
            watch.queued = True
        if self._working < LOOKUPS:
            self._working += 1
            worker = asyncio.get_running_loop().create_task(self._work(), name="look up rights")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        try:
            while self._queue:
                watch = self._queue.popleft()
                wanted, watch.queued, watch.first = watch.queued, False, False
                if wanted and watch.watched is not None:
                    await self._look(watch, watch.watched)
        finally:
            # In the same step as the last look at the queue: who lines up next needs a worker.
            self._working -= 1

    async def _look(self, watch: Watch, watched: Watched) -> None:
        demanded, watch.stale = watch.stale, False
        identity = watch.identity
        watch.looking = True
        try:
            outcome = await self._find(identity, watch.document)
        finally:
            watch.looking = False
        if watch.watched is None:
            return
        match outcome:
            case Access():
                watch.spared = False
                watch.failing_since = None
                self._grant(watch, watched, outcome, watch.renewed and identity is watch.identity)
            case AccessDenied() if identity is not watch.identity and not watch.spared:
                # A fresh identity came during the look-up, and may do what the old one may
                # not. Once only: who renews without end shall not stay for ever.
                watch.spared = True
            case AccessDenied():
                self._deny(watch, watched, outcome)
            case _:
                self._failed(watch, watched, demanded)
        if watch.stale and watch.failing_since is None:
            self._want(watch, first=True)

    async def _find(self, identity: Identity, document: str) -> Access | Exception:
        if _over(identity, self._clock.time()):
            return Unauthenticated(EXPIRED)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                access = await self._authorizer.access(identity, document)
        except AccessDenied as error:
            return error
        except Exception as error:
            if not self._failing:
                _log.warning("rights cannot be looked up", exc_info=error)
            self._failing = True
            return error
        self._failing = False
        return access

    def _grant(self, watch: Watch, watched: Watched, access: Access, renewed: bool) -> None:
        news = renewed or access != watch.access
        self._take(watch, access)
        if renewed:
            watch.renewed = False
        self._arm(watch)
        if news:
            with _logged():
                watched.granted(access)

    def _deny(self, watch: Watch, watched: Watched, error: CollabError) -> None:
        self.forget(watch)
        with _logged():
            watched.denied(error)

    def _failed(self, watch: Watch, watched: Watched, demanded: bool) -> None:
        """Try again, but not for ever, if rights are known to have changed."""
        if not demanded:
            return
        now = self._clock.monotonic()
        if watch.failing_since is None:
            watch.failing_since, watch.tries = now, 0
        if now - watch.failing_since >= FAILING_SECONDS:
            _log.error("closed: rights that were changed cannot be read", extra=_about(watch))
            self._deny(watch, watched, StorageError("rights cannot be looked up"))
            return
        watch.stale = True
        first, longest = RETRY_SECONDS
        watch.check_at = now + min(first * 2.0**watch.tries, longest)
        watch.tries += 1
        self._arm(watch)

    # --- Time --------------------------------------------------------------------------

    def _take(self, watch: Watch, access: Access) -> None:
        watch.access = access
        watch.end = _first(watch.identity.expires, access.expires)

    def _warn_later(self, watch: Watch) -> None:
        expires = watch.identity.expires
        watch.warn_at = None
        if expires is not None and expires > (now := self._clock.time()):
            watch.warn_at = expires - min(RENEW_BEFORE, (expires - now) / 10)

    def _next_check(self) -> float:
        seconds = max(CHECK_SECONDS, self._count / CHECKS_A_SECOND)
        # Connections that came at the same time, after a restart, are not looked at together.
        return self._clock.monotonic() + seconds * (1 - self._begun * _GOLDEN % 0.5)

    def _arm(self, watch: Watch) -> None:
        """Set the alarm for what comes next."""
        due, first = watch.check_at, _first(watch.warn_at, watch.end)
        if first is not None:
            due = min(due, self._clock.monotonic() + max(0.0, first - self._clock.time()))
        if not watch.due or due < watch.due - ALARM_SECONDS:
            # One that rings too early sets the next.
            watch.due = due
            self._alarms.set(due, watch)

    def _ring(self, watch: Watch) -> None:
        watched = watch.watched
        assert watched is not None
        watch.due = 0.0
        wall = self._clock.time()
        if watch.warn_at is not None and wall >= watch.warn_at:
            watch.warn_at = None
            with _logged():
                watched.expiring()
        if _over(watch.identity, wall):
            self._deny(watch, watched, Unauthenticated(EXPIRED))
        elif watch.end is not None and wall >= watch.end:
            watch.end = None
            watch.stale = True
            self._want(watch)
        if self._clock.monotonic() >= watch.check_at:
            watch.check_at = self._next_check()
            self._want(watch)
        self._arm(watch)

    def forget(self, watch: Watch) -> None:
        if watch.watched is not None:
            watch.watched = None
            self._alarms.voided()
        watches = self._watches.get(watch.document)
        if watches is None or watch not in watches:
            return
        watches.discard(watch)
        self._count -= 1
        if not watches:
            del self._watches[watch.document]


def _first(one: float | None, other: float | None) -> float | None:
    """The one that comes first, of moments that may not come at all."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _over(identity: Identity, now: float) -> bool:
    return identity.expires is not None and now >= identity.expires


def _about(watch: Watch) -> dict[str, object]:
    return {"document": watch.document, "user": watch.identity.user}


@contextmanager
def _logged() -> Iterator[None]:
    """A fault of one connection is not one of the others."""
    try:
        yield
    except Exception:
        _log.exception("a connection did not take its rights")
