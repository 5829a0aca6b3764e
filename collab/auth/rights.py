"""What identities may do: the rights that they bring, grants, and share links, added up."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from collab.access import Access, Identity, Link, Right, Role, Visibility, highest
from collab.auth import links
from collab.auth.open import guest_name
from collab.errors import AccessDenied, Unauthenticated
from collab.interfaces import Clock, Grants, Links

_EVERYTHING = Right("*", Role.OWNER)
_NOBODY = " "
"""No user's id: those have no spaces around them."""


class Rights:
    """Rights add up: those of the identity itself, its user's own in the document (as its owner,
    or granted), and those of a share link. `random` names the guests of links."""

    def __init__(self, grants: Grants, links: Links, clock: Clock, random: Random) -> None:
        self._grants = grants
        self._links = links
        self._clock = clock
        self._random = random

    async def access(self, identity: Identity, document: str | None) -> Access:
        """Raises also StorageError."""
        if identity.expires is not None and self._clock.time() >= identity.expires:
            raise Unauthenticated("The token or link has expired.")
        link = await self._link_of(identity)
        if document is None:
            return _service_access(identity, link)
        claimed = highest(right.role for right in identity.rights if right.covers(document))
        own = claimed
        if claimed is not Role.OWNER and identity.verified and not identity.confined:
            own = highest((claimed, await self._grants.roles(document, identity.user)))
        lent = link.role if link is not None and link.document == document else None
        role = highest((own, lent))
        if role is None:
            raise AccessDenied("You have no right to this document.")
        return Access(
            user=identity.user,
            name=identity.name,
            role=role,
            may_create=identity.may_create and claimed is not None and claimed.may_write,
            color=identity.color,
            verified=identity.verified,
            expires=_end(identity, link if role is not own else None),
        )

    # --- Links -------------------------------------------------------------------------

    async def visitor(self, token: str) -> Identity:
        """A guest of a share link, by its secret; a new one for each connection. Raises
        Unauthenticated."""
        secret_hash = links.hash_of(token)
        if secret_hash is None:
            raise Unauthenticated("The share link is not complete.")
        link = self._live(await self._links.find(secret_hash))
        number = self._random.getrandbits(64)
        return Identity(
            user=f"link-{number:016x}",
            name=guest_name(number),
            expires=link.expires,
            link=link.id,
            link_hash=secret_hash,
        )

    async def with_link(self, identity: Identity, token: str) -> Identity:
        """The identity with what a share link adds, by its secret. A link that is over takes
        nothing from who has rights of their own."""
        secret_hash = links.hash_of(token)
        found = None if secret_hash is None else await self._links.find(secret_hash)
        if found is None:
            return identity
        return replace(identity, link=found.id, link_hash=secret_hash)

    async def _link_of(self, identity: Identity) -> Link | None:
        """The link that the identity came by, if it still counts. Raises Unauthenticated if
        it was all that the identity had."""
        if identity.link_hash is None:
            return None
        found = await self._links.find(identity.link_hash)
        try:
            return self._live(found)
        except Unauthenticated:
            if identity.verified:
                return None
            raise

    def _live(self, link: Link | None) -> Link:
        if link is None:
            raise Unauthenticated("There is no such share link.")
        if link.revoked is not None:
            raise Unauthenticated("The share link was revoked.")
        if link.expires is not None and self._clock.time() >= link.expires:
            raise Unauthenticated("The share link has expired.")
        return link


def _service_access(identity: Identity, link: Link | None) -> Access:
    patterns = [right.pattern for right in identity.rights]
    if link is not None:
        patterns.append(link.document)
    return Access(
        user=identity.user,
        name=identity.name,
        role=highest(right.role for right in identity.rights if right.pattern == "*")
        or Role.VIEWER,
        may_create=identity.may_create,
        color=identity.color,
        verified=identity.verified,
        expires=_end(identity, None),
        visible=None
        if _EVERYTHING in identity.rights
        else Visibility(_NOBODY if identity.confined else identity.user, tuple(patterns)),
    )


def _end(identity: Identity, link: Link | None) -> float | None:
    """When rights end that come of the identity and, if it gives more, of the link."""
    ends = [identity.expires, None if link is None else link.expires]
    return min((end for end in ends if end is not None), default=None)
