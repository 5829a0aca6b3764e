"""Who someone is, as the product says; what it leaves open, as configured."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

from collab.access import Access, Credentials, Identity
from collab.embedding.calls import Calls
from collab.hooks import Hooks
from collab.interfaces import Authorizer


@dataclass(frozen=True, slots=True)
class Vouched(Identity):
    """An identity that the product made out."""


class HookedAuthorizer:
    """`collab.interfaces.Authorizer` that asks `Hooks.on_authenticate` before the mode.

    In open mode everyone owns everything: whom the product vouches for is held to `rights`,
    which adds up the rights of the identity and the grants of its user.
    """

    def __init__(
        self, hooks: Hooks, calls: Calls, configured: Authorizer, rights: Authorizer
    ) -> None:
        self._hooks = hooks
        self._calls = calls
        self._configured = configured
        self._rights = rights

    async def identify(self, credentials: Credentials) -> Identity:
        """Raises also Unavailable if the hook fails: then nobody is let in."""
        ask = partial(self._hooks.on_authenticate, credentials)
        found = await self._calls.ask(ask, Identity, "on_authenticate")
        if found is None:
            return await self._configured.identify(credentials)
        told = {part.name: getattr(found, part.name) for part in fields(Identity)}
        return Vouched(**{**told, "verified": True})

    async def access(self, identity: Identity, document: str | None) -> Access:
        vouched = isinstance(identity, Vouched)
        return await (self._rights if vouched else self._configured).access(identity, document)
