"""The way from credentials to a session in a room: the same for every wire."""

from __future__ import annotations

from collections import Counter

from collab.access import Credentials, Identity
from collab.auth.live import LiveAccess, Watch, Watched
from collab.embedding.visits import Visits
from collab.interfaces import Authorizer, Channel
from collab.protocol.close import CloseCode
from collab.room.backlog import Backlog
from collab.room.codec import Codec
from collab.room.opening import Opener
from collab.room.registry import Registry
from collab.room.session import Session


class Entrance:
    """Lets peers in. What it raises says why not, as in `collab.transport.closing`."""

    def __init__(
        self,
        registry: Registry,
        opener: Opener,
        authorizer: Authorizer,
        live: LiveAccess,
        visits: Visits | None = None,
    ) -> None:
        """`visits` tells the product of those who come and go, if it wants to know."""
        self.closes: Counter[CloseCode] = Counter()
        """Connections, and documents on one, that were refused or ended by our side."""
        self._registry = registry
        self._opener = opener
        self._authorizer = authorizer
        self._live = live
        self._visits = visits

    @property
    def draining(self) -> bool:
        return self._registry.draining

    async def identify(self, credentials: Credentials) -> Identity:
        """Raises Unauthenticated or AccessDenied."""
        return await self._authorizer.identify(credentials)

    async def join(
        self,
        identity: Identity,
        document: str,
        channel: Channel,
        codec: Codec,
        backlog: Backlog | None = None,
    ) -> tuple[Session, Watch]:
        """A session with the rights that the identity has at this moment. `watch` has noted
        what changed since they were looked up; the caller hands it to `follow`, and stops it
        when the session is over. `backlog` is what all sessions of one connection share.

        Raises AccessDenied, DocumentNotFound, StorageError, Unavailable and what else keeps a
        document from being opened.
        """
        watch = self._live.watch(document, identity)
        try:
            access = await self._authorizer.access(identity, document)
            room = await self._opener.open(document, access)
            session = room.join(channel, access, codec, backlog)
            if self._visits is not None:
                self._visits.begin(room, session)
            return session, watch
        except BaseException:
            watch.stop()
            raise

    def follow(self, watch: Watch, session: Session, watched: Watched) -> None:
        """Tell `watched` of every change of the session's rights from now on."""
        self._live.begin(watch, session.access, watched)
