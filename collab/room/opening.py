"""Opening a document that may not exist yet: one rule for every way into a room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from weakref import WeakValueDictionary

from collab.access import Access
from collab.errors import DocumentDeleted, DocumentExists, DocumentNotFound
from collab.hooks import NewDocument, Unknown
from collab.interfaces import Catalog
from collab.room.registry import Registry
from collab.room.room import Room

Seeds = Callable[[Unknown], Awaitable[NewDocument]]


class Opener:
    """Opens documents for those who may read them; who may create some gets a new one where
    there is none, as `seeds` says: empty if that is None."""

    def __init__(self, registry: Registry, catalog: Catalog, seeds: Seeds | None = None) -> None:
        self._registry = registry
        self._catalog = catalog
        self._seeds = seeds
        self._creating: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def open(self, document: str, access: Access) -> Room:
        """The document's room. Join it without an await in between.

        Raises as `Registry.open`, and what `seeds` raises.
        """
        try:
            return await self._registry.open(document)
        except DocumentDeleted:
            raise
        except DocumentNotFound as error:
            if not access.may_create:
                raise
            # Its frames lead to futures that lead to it: a hundred objects for the collector of
            # cycles, of each new document.
            error.__traceback__ = None
        if self._seeds is None:
            await self._create(document, access, NewDocument())
        else:
            await self._seed(document, access, self._seeds)
        try:
            return await self._registry.open(document)
        except DocumentDeleted:
            raise
        except DocumentNotFound:
            # It joined a load that someone had begun before the document was made.
            return await self._registry.open(document)

    async def _seed(self, document: str, access: Access, seeds: Seeds) -> None:
        """A thousand peers who come at once are one question."""
        lock = self._creating.get(document)
        if lock is None:
            lock = self._creating[document] = asyncio.Lock()
        waited = lock.locked()
        async with lock:
            if waited:
                with suppress(DocumentNotFound):
                    await self._catalog.find(document)
                    return
            await self._create(document, access, await seeds(Unknown(document, access)))

    async def _create(self, document: str, access: Access, new: NewDocument) -> None:
        owner = access.user if new.owner is None else new.owner
        # Someone else may come first; theirs is as good.
        with suppress(DocumentExists):
            await self._catalog.create(document, new.title, new.kind, owner, new.seed)
