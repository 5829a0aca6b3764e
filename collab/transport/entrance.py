"""The way from credentials to a session in a room: the same for every wire."""

from __future__ import annotations

from collab.access import Credentials, Identity
from collab.auth.live import LiveAccess, Watch, Watched
from collab.interfaces import Authorizer, Catalog, Channel
from collab.room.codec import Codec
from collab.room.opening import open_or_create
from collab.room.registry import Registry
from collab.room.session import Session


class Entrance:
    """Lets peers in. What it raises says why not, as in `collab.transport.closing`."""

    def __init__(
        self, registry: Registry, catalog: Catalog, authorizer: Authorizer, live: LiveAccess
    ) -> None:
        self._registry = registry
        self._catalog = catalog
        self._authorizer = authorizer
        self._live = live

    @property
    def draining(self) -> bool:
        return self._registry.draining

    async def identify(self, credentials: Credentials) -> Identity:
        """Raises Unauthenticated or AccessDenied."""
        return await self._authorizer.identify(credentials)

    async def join(
        self, identity: Identity, document: str, channel: Channel, codec: Codec
    ) -> tuple[Session, Watch]:
        """A session with the rights that the identity has at this moment. `watch` has noted
        what changed since they were looked up; the caller hands it to `follow`, and stops it
        when the session is over.

        Raises AccessDenied, DocumentNotFound, StorageError, Unavailable and what else keeps a
        document from being opened.
        """
        watch = self._live.watch(document, identity)
        try:
            access = await self._authorizer.access(identity, document)
            room = await open_or_create(self._registry, self._catalog, document, access)
            return room.join(channel, access, codec), watch
        except BaseException:
            watch.stop()
            raise

    def follow(self, watch: Watch, session: Session, watched: Watched) -> None:
        """Tell `watched` of every change of the session's rights from now on."""
        self._live.begin(watch, session.access, watched)
