"""One live connection to one document, as those know it who watch over its rights."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from collab.access import Access, Identity
from collab.errors import AccessDenied, CollabError

RENEW_BEFORE: Final = 60.0
"""Seconds before the end of an identity at which a fresh one is asked for; of what lives less
than ten times as long, a tenth of its life."""


class Watched(Protocol):
    """A connection to one document, as those see it who watch over its rights."""

    def granted(self, access: Access) -> None:
        """These are its rights from now on. Called when they changed, and once after each
        renewal."""

    def denied(self, error: CollabError) -> None:
        """It has none any more: AccessDenied, Unauthenticated if its identity is over, or
        StorageError if what was changed could not be read. Nothing is called after this."""

    def expiring(self) -> None:
        """Its identity ends soon: a wire that can ask for a fresh one does so now."""


class Watcher(Protocol):
    """Who looks at the rights of many."""

    def renewed(self, watch: Watch) -> None:
        """It has a fresh identity."""

    def forget(self, watch: Watch) -> None:
        """It is over."""


class Watch:
    """One connection's entry. `stale` says that rights may have changed since the entry was
    made or since they were last looked at."""

    __slots__ = (
        "_watcher",
        "access",
        "check_at",
        "document",
        "due",
        "end",
        "failing_since",
        "first",
        "identity",
        "looking",
        "queued",
        "renewed",
        "spared",
        "stale",
        "tries",
        "warn_at",
        "watched",
    )

    def __init__(self, document: str, identity: Identity, watcher: Watcher) -> None:
        self.document = document
        self.identity = identity
        self.watched: Watched | None = None
        self.access: Access | None = None
        self.stale = False
        # The look-up that is wanted, before all others, or under way.
        self.queued = self.first = self.looking = False
        # Whether a fresh identity has not been looked up yet, and whether a refusal of the one
        # before it was overlooked for its sake.
        self.renewed = self.spared = False
        # Failed look-ups of what was changed: since when (monotonic), and how many.
        self.failing_since: float | None = None
        self.tries = 0
        # In seconds since the epoch: when to ask for a fresh identity, when rights end.
        self.warn_at: float | None = None
        self.end: float | None = None
        # Monotonic: when to look anyway, and the alarm that is set.
        self.check_at = self.due = 0.0
        self._watcher = watcher

    def renew(self, identity: Identity) -> None:
        """Go on with a fresh identity of the same user; its rights are looked up at once, and
        told by `Watched.granted` or `denied`. Raises AccessDenied for anyone else's."""
        old = self.identity
        if identity.user != old.user:
            # Who has no name of their own is a new guest each time.
            guests = not identity.verified and not old.verified
            if not guests or identity.link_hash != old.link_hash:
                raise AccessDenied("The new token is another user's.")
            identity = replace(identity, user=old.user, name=old.name)
        self.identity = identity
        self.renewed = self.stale = True
        self._watcher.renewed(self)

    def awaits(self, at: float) -> bool:
        """Whether the alarm of this moment is one that it waits for."""
        return self.watched is not None and self.due == at

    def stop(self) -> None:
        """The connection is over; may be called more than once."""
        self._watcher.forget(self)
