"""Tokens for one document, handed out by who may: what lets y-sweet's clients in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Annotated, Final, Protocol

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from collab.access import Access, Identity, Right, Role, highest
from collab.api.problems import ProblemKind, RequestError
from collab.auth.origins import split_host
from collab.errors import AccessDenied
from collab.interfaces import Clock

EVERYTHING: Final = Right("*", Role.OWNER)
"""Whose token says so speaks for the product: it may name its users."""


class Issuer(Protocol):
    """Signs tokens."""

    def issue(self, user: str, name: str, rights: Mapping[str, Role], seconds: float) -> str:
        """A token of this server for a user with these rights, and no others."""


class NoIssuerError(RequestError):
    """Tokens are needed, and this server cannot sign any."""

    kind = ProblemKind("not-configured", 501, "The server lacks a setting for this")


@dataclass(frozen=True, slots=True)
class ClientTokens:
    """Set as `app.state.client_tokens` by whoever joins the parts. `needed` is False where
    clients get in without a token; `issuer` is None where the server has no secret."""

    needed: bool
    issuer: Issuer | None
    public_url: str | None
    clock: Clock
    random: Random

    def token(
        self, caller: Identity, document: str, role: Role, user: str | None, seconds: float
    ) -> str | None:
        """For `document` alone, ending no later than the caller's own. None if none is needed.

        Whoever speaks for the product names its user, or leaves that out for a guest; others
        hand out tokens in their own name. Raises AccessDenied, NoIssuerError.
        """
        if not self.needed:
            return None
        if EVERYTHING in caller.rights:
            user = user or f"guest-{self.random.getrandbits(64):016x}"
        elif user not in (None, caller.user):
            raise AccessDenied("This identity may hand out tokens in its own name only.")
        if self.issuer is None:
            raise NoIssuerError(
                "Tokens are signed with COLLAB_JWT_SECRET, which is not set: set it, or let your "
                "product sign the tokens of its clients."
            )
        if caller.expires is not None:
            seconds = max(1.0, min(seconds, caller.expires - self.clock.time()))
        # Without a name, so that peers see what the client calls itself.
        return self.issuer.issue(user or caller.user, "", {document: role}, seconds)

    def base_url(self, request: Request) -> str:
        """Where clients reach the service, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url.rstrip("/")
        host = request.headers.get("host", "")
        try:
            split_host(host)
        except ValueError:
            raise HTTPException(400, "The request has no usable Host header.") from None
        return f"{request.url.scheme}://{host}{request.scope.get('root_path', '')}"


def _client_tokens(request: Request) -> ClientTokens:
    tokens = request.app.state.client_tokens
    assert isinstance(tokens, ClientTokens)
    return tokens


ClientTokensPart = Annotated[ClientTokens, Depends(_client_tokens)]


def websocket_url(url: str) -> str:
    """`url` with the scheme of its WebSockets: ws for http, wss for https."""
    return f"ws{url.removeprefix('http')}"


def require_delegation(identity: Identity, access: Access, document: str, role: Role) -> None:
    """Raise AccessDenied unless `identity` may hand out `role`: at most its own, and only one
    that is not someone else's to take back. A grant or a link can be revoked at any time; a
    token made from it could not."""
    if identity.link is None:
        own = (right.role for right in identity.rights if right.covers(document))
        lasting = access.role if access.role is Role.OWNER else highest(own)
        if lasting is not None and role.rank <= min(lasting.rank, access.role.rank):
            return
    raise AccessDenied("This identity may not hand out these rights in the document.")
