"""The product's hooks, each where it belongs: what is not overridden is not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from collab.auth.rights import Rights
from collab.auth.sites import Sites
from collab.embedding.authorizer import HookedAuthorizer
from collab.embedding.calls import Calls
from collab.embedding.changes import Changes
from collab.embedding.seeds import Seeds
from collab.embedding.visits import Visits
from collab.hooks import Hooks, overridden
from collab.interfaces import Authorizer, Clock, DocumentWorker, NewRow
from collab.room.limits import RoomLimits


@dataclass(frozen=True, slots=True)
class HookStats:
    """Counters start with the process."""

    failures: int
    """Calls that raised, or took too long."""
    changes_overflown: int
    """Times that a document's changes were too many to wait."""
    peers_skipped: int
    """Peers that were not announced, because too many waited."""


class Product:
    """What embeds the service, as the service sees it."""

    def __init__(self, hooks: Hooks | None, clock: Clock, random: Random) -> None:
        self._hooks = hooks or Hooks()
        self._clock = clock
        self._calls = Calls()
        self.changes: Changes | None = None
        self.visits: Visits | None = None
        if overridden(hooks, "on_change"):
            self.changes = Changes(self._hooks.on_change, self._calls, clock)
        if any(overridden(hooks, f"on_{what}") for what in ("connect", "disconnect", "stateless")):
            self.visits = Visits(self._hooks, self._calls, clock, random)

    @property
    def authenticates(self) -> bool:
        """Whether it has a say in who someone is."""
        return overridden(self._hooks, "on_authenticate")

    @property
    def committed(self) -> Callable[[str, int, Sequence[NewRow]], None] | None:
        """What `Registry` is to tell of commits."""
        return None if self.changes is None else self.changes.committed

    def seeds(self, worker: DocumentWorker, limits: RoomLimits) -> Seeds | None:
        if not overridden(self._hooks, "on_load"):
            return None
        return Seeds(self._hooks, self._calls, worker, limits)

    def authorizer(self, configured: Authorizer, sites: Sites, rights: Rights) -> Authorizer:
        """`rights` says what those may do whom the product vouches for."""
        if not self.authenticates:
            return configured
        return HookedAuthorizer(self._hooks, self._calls, configured, sites, rights)

    def stats(self) -> HookStats:
        return HookStats(
            failures=self._calls.failures,
            changes_overflown=self.changes.overflows if self.changes else 0,
            peers_skipped=self.visits.skipped if self.visits else 0,
        )

    async def drain(self, seconds: float) -> bool:
        """Tell what is still to be told; whether all was within so many seconds."""
        end = self._clock.monotonic() + seconds
        done = True
        for queue in (self.visits, self.changes):
            if queue is not None:
                done &= await queue.drain(max(0.0, end - self._clock.monotonic()))
        return done

    async def aclose(self) -> None:
        for queue in (self.visits, self.changes):
            if queue is not None:
                await queue.aclose()
