"""The parts of one node, joined; and the order in which they start and stop."""

from __future__ import annotations

import logging
import os
from random import SystemRandom

from collab.admission.connections import Admission
from collab.api.sharing import Sharing
from collab.auth.live import LiveAccess
from collab.backplane.memory import MemoryBackplane
from collab.clock import SystemClock
from collab.crdt.pool import WorkerPool
from collab.hooks import Hooks
from collab.identity import build_gate
from collab.interfaces import Authorizer, Clock
from collab.room.opening import Opener
from collab.room.registry import Registry
from collab.settings import Settings, unknown_variables
from collab.storage.catalog import SqlCatalog
from collab.storage.engine import open_database
from collab.storage.grants import SqlGrants
from collab.storage.links import SqlLinks
from collab.storage.schema import migrate, require_current
from collab.storage.sql import SqlDocumentStore
from collab.transport.entrance import Entrance
from collab.tuning import admission_limits, room_limits, worker_limits

_log = logging.getLogger(__name__)


class Service:
    """One node. Nothing is opened before `start`; `drain` and `aclose` may be called more than
    once."""

    def __init__(self, settings: Settings, hooks: Hooks | None = None) -> None:
        """Raises ConfigError if the settings do not make a safe service."""
        settings.require_safe_exposure()
        self.settings = settings
        self.hooks = hooks
        self.clock: Clock = SystemClock()
        self.random = SystemRandom()
        self.admission = Admission(admission_limits(settings), self.clock)
        self._database = open_database(settings.database)
        self.catalog = SqlCatalog(self._database, self.clock)
        self.grants = SqlGrants(self._database, self.clock)
        self.links = SqlLinks(self._database, self.clock)
        self.worker = WorkerPool(settings.workers, worker_limits(settings))
        backplane = MemoryBackplane()
        self.registry = Registry(
            SqlDocumentStore(self._database, self.clock),
            self.worker,
            backplane,
            self.clock,
            self.random,
            room_limits(settings),
        )
        gate = build_gate(settings, self.grants, self.links, self.clock, self.random)
        self.authorizer: Authorizer = gate.authorizer
        self.issuer = gate.issuer
        self._keys = gate.keys
        self.live = LiveAccess(self.authorizer, backplane, self.clock)
        self.sharing = Sharing(
            self.grants, self.links, self.live, self.clock, settings.public_url, settings.notes_app
        )
        self.opener = Opener(self.registry, self.catalog)
        self.entrance = Entrance(self.registry, self.opener, self.authorizer, self.live)

    # --- Life --------------------------------------------------------------------------

    async def start(self) -> None:
        """Raises ConfigError or StorageError."""
        for line in unknown_variables(os.environ):
            _log.warning("%s", line)
        if self._keys is not None:
            await self._keys.start()
        await prepare_database(self.settings)
        await require_current(self._database)
        await self.registry.start()
        await self.live.start()

    async def drain(self, seconds: float) -> bool:
        """Refuse new edits, commit what is pending, close the peers with 1012. Says whether
        everything was saved in time."""
        return await self.registry.drain(seconds)

    async def aclose(self) -> None:
        try:
            await self.live.aclose()
            await self.registry.aclose()
        finally:
            try:
                await self.worker.aclose()
            finally:
                await self._database.aclose()
                if self._keys is not None:
                    await self._keys.aclose()


async def prepare_database(settings: Settings) -> None:
    """Make and migrate the embedded database; others are left to `collab migrate`."""
    if settings.embedded:
        settings.make_data_dir()
        await migrate(settings.database)
