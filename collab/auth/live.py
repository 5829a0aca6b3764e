"""Rights of live connections: looked at again whenever they may have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from collab.access import Access, Identity
from collab.errors import AccessDenied, CollabError
from collab.interfaces import Authorizer, Backplane, Clock, Hint, HintKind

_log = logging.getLogger(__name__)


class Watched(Protocol):
    """A connection to one document, as those see it who watch over its rights."""

    def granted(self, access: Access) -> None:
        """These are its rights from now on."""

    def denied(self, error: AccessDenied) -> None:
        """It has none any more. Nothing is called after this."""


class Watch:
    """One connection's entry. `stale` says that rights may have changed since the entry was
    made or last looked at: whoever reads them before `begin` must then read them again."""

    __slots__ = ("_forget", "document", "identity", "stale", "watched")

    def __init__(self, document: str, identity: Identity, forget: Callable[[Watch], None]) -> None:
        self.document = document
        self.identity = identity
        self.stale = False
        self.watched: Watched | None = None
        self._forget = forget

    def stop(self) -> None:
        self._forget(self)


class LiveAccess:
    """All watches of this node, by document."""

    def __init__(self, authorizer: Authorizer, backplane: Backplane, clock: Clock) -> None:
        self._authorizer = authorizer
        self._backplane = backplane
        self._clock = clock
        self._watches: dict[str, set[Watch]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] = lambda: None

    async def start(self) -> None:
        self._unsubscribe = self._backplane.subscribe(self._receive)

    async def aclose(self) -> None:
        self._unsubscribe()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def watch(self, document: str, identity: Identity) -> Watch:
        """Begin to note changes, before the rights are looked up for the first time."""
        watch = Watch(document, identity, self._forget)
        self._watches.setdefault(document, set()).add(watch)
        return watch

    def begin(self, watch: Watch, access: Access, watched: Watched) -> None:
        """Tell `watched` what changes from now on; it has `access`."""
        watch.watched = watched
        if watch.stale:
            self._spawn(watch.document)

    def changed(self, document: str) -> None:
        """Rights in the document were changed, here: look again, and tell other nodes."""
        self._spawn(document)
        self._backplane.publish(Hint(HintKind.ACCESS, document, 0))

    def _receive(self, hint: Hint) -> None:
        if hint.kind is HintKind.ACCESS:
            self._spawn(hint.document)

    def _spawn(self, document: str) -> None:
        for watch in self._watches.get(document, ()):
            watch.stale = True
        task = asyncio.get_running_loop().create_task(self._look(document))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self, document: str) -> None:
        for watch in tuple(self._watches.get(document, ())):
            if watch.watched is None:
                continue
            watch.stale = False
            try:
                access = await self._authorizer.access(watch.identity, document)
            except AccessDenied as error:
                self._forget(watch)
                watch.watched.denied(error)
            except CollabError:
                _log.exception("rights could not be looked up", extra={"document": document})
            else:
                watch.watched.granted(access)

    def _forget(self, watch: Watch) -> None:
        watches = self._watches.get(watch.document)
        if watches is not None:
            watches.discard(watch)
            if not watches:
                del self._watches[watch.document]
