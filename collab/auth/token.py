"""Token mode: who brings a signed token, or the secret of a share link."""

from __future__ import annotations

from collab.access import Access, Credentials, Identity
from collab.auth import links
from collab.auth.rights import Rights
from collab.auth.sites import Sites
from collab.auth.tokens import TokenVerifier
from collab.errors import Unauthenticated


class TokenAuthorizer:
    """`collab.interfaces.Authorizer`. The token's claims are rights of the identity."""

    def __init__(self, sites: Sites, verifier: TokenVerifier, rights: Rights) -> None:
        self._sites = sites
        self._verifier = verifier
        self._rights = rights

    async def identify(self, credentials: Credentials) -> Identity:
        """Raises also StorageError for a link, and Unavailable without keys to check tokens."""
        self._sites.check(credentials)
        token, link = credentials.token, credentials.link
        if token is not None and token.startswith(links.PREFIX):
            token, link = None, token
        if token is None:
            if link is None:
                raise Unauthenticated("A token or a share link is needed.")
            return await self._rights.visitor(link)
        identity = await self._verifier.verify(token)
        return identity if link is None else await self._rights.with_link(identity, link)

    async def access(self, identity: Identity, document: str | None) -> Access:
        """Raises also StorageError."""
        return await self._rights.access(identity, document)
