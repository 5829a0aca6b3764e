"""Grants and links in memory, beside `MemoryStore`: for tests and simulations."""

from __future__ import annotations

from dataclasses import replace

from collab.access import Grant, Link, Role
from collab.errors import EntryNotFound, StorageError
from collab.interfaces import Clock
from collab.storage.access_rules import check_grants, check_link, newest_first, to_forget
from collab.storage.memory import MemoryStore


class MemoryGrants:
    """`Grants` of the documents of a `MemoryStore`, whose lists go by them."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def roles(self, document: str, user: str) -> Role | None:
        if self._store.owner(document) == user:
            return Role.OWNER
        grant = self._store.grants.get(document, {}).get(user)
        return None if grant is None else grant.role

    async def page(self, document: str) -> tuple[Grant, ...]:
        await self._store.find(document)
        given = self._store.grants.get(document, {})
        return tuple(given[user] for user in sorted(given))

    async def put(self, document: str, user: str, role: Role, by: str) -> Grant:
        await self._store.find(document)
        given = self._store.grants.setdefault(document, {})
        if user not in given:
            check_grants(len(given))
        given[user] = Grant(document, user, role, by, self._clock.time())
        return given[user]

    async def remove(self, document: str, user: str) -> None:
        await self._store.find(document)
        if self._store.grants.get(document, {}).pop(user, None) is None:
            raise EntryNotFound("The user has no grant in the document.")


class MemoryLinks:
    """`Links` of the documents of a `MemoryStore`."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._links: dict[bytes, Link] = {}

    async def find(self, secret_hash: bytes) -> Link | None:
        return self._links.get(secret_hash)

    async def page(self, document: str) -> tuple[Link, ...]:
        await self._store.find(document)
        return tuple(newest_first(self._of(document).values()))

    async def add(self, link: Link, secret_hash: bytes) -> None:
        check_link(link)
        await self._store.find(link.document)
        if secret_hash in self._links or any(link.id == k.id for k in self._links.values()):
            raise StorageError("the link is there already")
        known = self._of(link.document)
        forgotten = to_forget(list(known.values()), self._clock.time())
        for secret, old in known.items():
            if old.id in forgotten:
                del self._links[secret]
        self._links[secret_hash] = link

    async def revoke(self, document: str, link: str) -> None:
        await self._store.find(document)
        for secret, known in self._of(document).items():
            if known.id == link:
                if known.revoked is None:
                    self._links[secret] = replace(known, revoked=self._clock.time())
                return
        raise EntryNotFound("The document has no such link.")

    def _of(self, document: str) -> dict[bytes, Link]:
        return {s: link for s, link in self._links.items() if link.document == document}
