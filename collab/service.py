"""The parts of one node, joined; and the order in which they start and stop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random, SystemRandom

from collab.access import Access, Role
from collab.admission.connections import Admission
from collab.api.sharing import Sharing
from collab.auth.live import LiveAccess
from collab.backplane.memory import MemoryBackplane
from collab.clock import SystemClock
from collab.crdt.pool import WorkerPool
from collab.embedding.product import Product
from collab.errors import ConfigError
from collab.hooks import Hooks
from collab.identity import build_gate
from collab.interfaces import Clock, DocumentStore
from collab.leasing import Leasing
from collab.measuring.loop import LoopDelay
from collab.measuring.store import MeasuredStore
from collab.measuring.traced import TracedStore
from collab.measuring.tracing import tracing_from
from collab.news import Backplane
from collab.protocol.ids import parse_document_id
from collab.room import direct
from collab.room.opening import Opener
from collab.room.registry import Registry
from collab.settings import Settings, unknown_variables
from collab.storage.catalog import SqlCatalog
from collab.storage.engine import open_database
from collab.storage.grants import SqlGrants
from collab.storage.leases import SqlLeases
from collab.storage.links import SqlLinks
from collab.storage.schema import require_current, upgrade
from collab.storage.sql import SqlDocumentStore
from collab.transport.entrance import Entrance
from collab.transport.traced import TracedEntrance
from collab.tuning import admission_limits, database_limits, room_limits, worker_limits

_log = logging.getLogger(__name__)


def build_backplane(settings: Settings, clock: Clock, random: Random) -> Backplane:
    """What carries news between this node and others. Raises ConfigError."""
    if settings.redis_url is None:
        return MemoryBackplane()
    from collab.backplane.redis import RedisBackplane  # only where there are others

    url = settings.redis_url.get_secret_value()
    return RedisBackplane(url, settings.redis_prefix, clock, random)


class Service:
    """One node, and what a product that embeds it may ask of it, in the event loop it runs in.

    Nothing is opened before `start`; `drain` and `aclose` may be called more than once.
    `running` does all three.
    """

    def __init__(self, settings: Settings, hooks: Hooks | None = None) -> None:
        """Raises ConfigError if the settings do not make a safe service."""
        settings.require_safe_exposure()
        self.settings = settings
        self.started = False
        self.mounted = False
        """Whether it runs inside of another application."""
        self.clock: Clock = SystemClock()
        self.random = SystemRandom()
        self.product = Product(hooks, self.clock, self.random)
        self.admission = Admission(admission_limits(settings), self.clock)
        self._database = open_database(settings.database, limits=database_limits(settings))
        self.catalog = SqlCatalog(self._database, self.clock)
        self.grants = SqlGrants(self._database, self.clock)
        self.links = SqlLinks(self._database, self.clock)
        self.worker = WorkerPool(settings.document_workers, worker_limits(settings))
        self.backplane = build_backplane(settings, self.clock, self.random)
        limits = room_limits(settings)
        # Nodes without a backplane have no names that differ, and may share a database.
        holder = f"{self.backplane.node}-{self.random.getrandbits(64):016x}"
        self.tracing = tracing_from(os.environ)
        stored: DocumentStore = SqlDocumentStore(self._database, self.clock)
        if self.tracing is not None:
            stored = TracedStore(stored, self.tracing)
        self.store = MeasuredStore(stored, self.clock)
        self.delay = LoopDelay(self.clock)
        self._delays: asyncio.Task[None] | None = None
        self.responses: Counter[int] = Counter()
        """Answers to HTTP requests, by status."""
        self.registry = Registry(
            self.store,
            self.worker,
            self.backplane,
            self.clock,
            self.random,
            limits,
            self.product.committed,
            Leasing(SqlLeases(self._database, self.clock), holder, self.clock),
        )
        gate = build_gate(settings, self.grants, self.links, self.clock, self.random)
        self.authorizer = self.product.authorizer(gate.authorizer, gate.sites, gate.rights)
        self.issuer = gate.issuer
        self._keys = gate.keys
        self.live = LiveAccess(self.authorizer, self.backplane, self.clock)
        self.sharing = Sharing(
            self.grants, self.links, self.live, self.clock, settings.public_url, settings.notes_app
        )
        seeds = self.product.seeds(self.worker, limits)
        self.opener = Opener(self.registry, self.catalog, seeds)
        parts = (self.registry, self.opener, self.authorizer, self.live, self.product.visits)
        self.entrance = (
            Entrance(*parts) if self.tracing is None else TracedEntrance(self.tracing, *parts)
        )

    # --- For the product ---------------------------------------------------------------

    def broadcast(self, document: str, payload: str) -> None:
        """Send a Stateless message to the document's peers, on all nodes, whose wire can carry
        it."""
        self.registry.say(document, payload)

    def recheck(self, document: str | None = None) -> None:
        """Rights may have changed, in this document or in all: look at those of live
        connections again. Whoever lost them is closed, or made a reader, in place."""
        if document is None:
            self.live.recheck()
        else:
            self.live.changed(document)

    async def write(self, document: str, update: bytes, user: str = "") -> int:
        """Write a Yjs update (v1) in the name of a user, by the rules that hold for peers; a
        document that does not exist is created. The sequence that it is committed by.

        Raises ProtocolError, DocumentDeleted, StorageError, Unavailable and the like.
        """
        access = Access(user, user, Role.OWNER, may_create=True)
        return await direct.write(self.opener, parse_document_id(document), update, access)

    async def content(self, document: str) -> tuple[bytes, int]:
        """All that is committed as one Yjs update (v1), and the sequence up to which it is.

        Raises DocumentNotFound, DocumentDeleted, DocumentUnreadable, StorageError and the like.
        """
        room = await self.registry.open(parse_document_id(document))
        return await room.content()

    # --- Life --------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Service]:
        """Start; drain and close at the end: for the lifespan of an application that this one is
        mounted in. Raises ConfigError or StorageError.

        Where such an application is reached from is not known here: that everyone who reaches
        it may edit has to be said.
        """
        if self.settings.auth is None and not self.product.authenticates:
            raise ConfigError(
                "nobody said who gets in: override Hooks.on_authenticate, set COLLAB_AUTH=token, "
                "or COLLAB_AUTH=open if everyone who reaches the product may edit"
            )
        self.mounted = True
        async with self.lifespan():
            yield self

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """The same for an application of its own."""
        try:
            await self.start()
            try:
                yield
            finally:
                if not await self.drain(self.settings.drain_seconds):
                    _log.error("not everything could be saved in time; its authors have no receipt")
        finally:
            await self.aclose()

    async def start(self) -> None:
        """Raises ConfigError or StorageError."""
        for line in unknown_variables(os.environ):
            _log.warning("%s", line)
        if self._keys is not None:
            await self._keys.start()
        await self._prepare_database()
        await self.backplane.start()
        await self.registry.start()
        await self.live.start()
        self._delays = asyncio.create_task(self.delay.run(), name="delay")
        self.started = True

    async def drain(self, seconds: float) -> bool:
        """Refuse new edits, commit what is pending, close the peers with 1012; tell the product
        in what is left of the time. Says whether everything was saved."""
        end = self.clock.monotonic() + seconds
        saved = await self.registry.drain(seconds)
        if not await self.product.drain(end - self.clock.monotonic()):
            _log.error("not everything could be told to the hooks in time")
        return saved

    async def aclose(self) -> None:
        self.started = False
        if self._delays is not None:
            self._delays.cancel()
        try:
            await self.live.aclose()
            await self.registry.aclose()
            await self.product.aclose()
            await self.backplane.aclose()
        finally:
            try:
                await self.worker.aclose()
            finally:
                await self._database.aclose()
                if self._keys is not None:
                    await self._keys.aclose()
                if self.tracing is not None:
                    await self.tracing.aclose()

    async def _prepare_database(self) -> None:
        """Make and migrate the embedded database; others are left to `collab migrate`."""
        if self.settings.embedded:
            self.settings.make_data_dir()
            await self._database.write(upgrade)
        else:
            await require_current(self._database)
