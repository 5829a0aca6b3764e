"""Live access over roles that tests set, with look-ups that take time, hang and fail."""

from __future__ import annotations

import asyncio

from collab.access import Access, Credentials, Identity, Role
from collab.auth.live import LiveAccess, Watch
from collab.backplane.memory import MemoryBackplane, MemoryHub
from collab.errors import AccessDenied, CollabError
from tests.support.virtual import LoopClock

DOCUMENT = "a-document"


class Guest:
    """`Watched` that keeps what it is told, with the moments."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, object]] = []

    def granted(self, access: Access) -> None:
        self._hear(access.role)

    def denied(self, error: CollabError) -> None:
        self._hear(type(error))

    def expiring(self) -> None:
        self._hear("expiring")

    @property
    def news(self) -> list[object]:
        return [what for _, what in self.heard]

    def at(self, what: object) -> float:
        """When it was told, in seconds since the start; it was told once."""
        (moment,) = [moment for moment, heard in self.heard if heard == what]
        return moment

    def _hear(self, what: object) -> None:
        self.heard.append((asyncio.get_running_loop().time(), what))


class Doorman:
    """An `Authorizer` whose book says who has which role; and the live access that asks it.

    A look-up reads the book when it begins, takes `seconds`, and waits while `held`.
    """

    def __init__(self, hub: MemoryHub | None = None) -> None:
        self.clock = LoopClock()
        self.book: dict[tuple[str, str], Role] = {}
        self.error: Exception | None = None
        self.seconds = 0.001
        self.lookups = 0
        self.at_once = self.most_at_once = 0
        self._go = asyncio.Event()
        self._go.set()
        self.live = LiveAccess(self, MemoryBackplane(hub), self.clock)

    async def identify(self, credentials: Credentials) -> Identity:
        raise NotImplementedError

    async def access(self, identity: Identity, document: str | None) -> Access:
        assert document is not None
        self.lookups += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        role, error = self.book.get((document, identity.user)), self.error
        try:
            await self.clock.sleep(self.seconds)
            await self._go.wait()
        finally:
            self.at_once -= 1
        if error is not None:
            raise error
        if role is None:
            raise AccessDenied("You have no right to this document.")
        return Access(identity.user, identity.name, role, False, expires=identity.expires)

    def hold(self) -> None:
        self._go.clear()

    def release(self) -> None:
        self._go.set()

    def identity(self, user: str = "ann", lifetime: float | None = None) -> Identity:
        expires = None if lifetime is None else self.clock.time() + lifetime
        return Identity(user, user.title(), verified=True, expires=expires)

    async def let_in(
        self,
        identity: Identity | None = None,
        role: Role = Role.EDITOR,
        document: str = DOCUMENT,
    ) -> tuple[Guest, Watch]:
        """As `collab.transport.entrance` does it."""
        who = self.identity() if identity is None else identity
        self.book[document, who.user] = role
        watch = self.live.watch(document, who)
        access = await self.access(who, document)
        guest = Guest()
        self.live.begin(watch, access, guest)
        self.lookups = self.most_at_once = 0
        return guest, watch

    def write(self, role: Role | None, user: str = "ann", document: str = DOCUMENT) -> None:
        """Change the book, without a word."""
        if role is None:
            self.book.pop((document, user), None)
        else:
            self.book[document, user] = role
