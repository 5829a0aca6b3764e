"""Who someone is, as the product says; what it leaves open, as configured."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

from collab.access import Access, Credentials, Identity
from collab.auth.claims import check_name, check_user
from collab.auth.rights import Rights
from collab.auth.sites import Sites
from collab.embedding.calls import Calls
from collab.errors import Unauthenticated
from collab.hooks import Hooks
from collab.interfaces import Authorizer


@dataclass(frozen=True, slots=True)
class Vouched(Identity):
    """An identity that the product made out."""


class HookedAuthorizer:
    """`collab.interfaces.Authorizer` that asks `Hooks.on_authenticate` before the mode.

    In open mode everyone owns everything: whom the product vouches for is held to `rights`.
    """

    def __init__(
        self, hooks: Hooks, calls: Calls, configured: Authorizer, sites: Sites, rights: Rights
    ) -> None:
        self._hooks = hooks
        self._calls = calls
        self._configured = configured
        self._sites = sites
        self._rights = rights

    async def identify(self, credentials: Credentials) -> Identity:
        """Raises also Unavailable if the hook fails, and StorageError for a link."""
        # Browsers send a product's cookies along with what pages of other sites ask for.
        self._sites.check(credentials)
        ask = partial(self._ask, credentials)
        found = await self._calls.ask(ask, Identity, "on_authenticate")
        if found is None:
            return await self._configured.identify(credentials)
        told = {part.name: getattr(found, part.name) for part in fields(Identity)}
        identity = Vouched(**{**told, "verified": True})
        if credentials.link is None:
            return identity
        return await self._rights.with_link(identity, credentials.link)

    async def _ask(self, credentials: Credentials) -> Identity | None:
        found = await self._hooks.on_authenticate(credentials)
        if isinstance(found, Identity):
            try:
                check_user(found.user)
                check_name(found.name)
            except Unauthenticated as error:
                # Not the sender's fault, which it would be as an error of this tree.
                raise ValueError(f"an identity that cannot be: {error}") from error
        return found

    async def access(self, identity: Identity, document: str | None) -> Access:
        if isinstance(identity, Vouched):
            return await self._rights.access(identity, document)
        return await self._configured.access(identity, document)
