"""Tokens for one document, handed out by who may: what lets y-sweet's clients in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Annotated, Final, Protocol

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from collab.access import Identity, Right, Role
from collab.api.addresses import base_url
from collab.api.problems import ProblemKind, RequestError
from collab.errors import AccessDenied, Unauthenticated
from collab.interfaces import Clock, DocumentInfo

EVERYTHING: Final = Right("*", Role.OWNER)
"""Whose token says so speaks for the product: it may name its users."""


class Issuer(Protocol):
    """Signs tokens."""

    def issue(
        self,
        user: str,
        name: str,
        rights: Mapping[str, Role],
        seconds: float,
        *,
        confined: bool = False,
    ) -> str:
        """A token of this server for a user with these rights; `confined` to them, whatever
        the user has otherwise."""


class NoIssuerError(RequestError):
    """Tokens are needed, and this server cannot sign any."""

    kind = ProblemKind("not-configured", 501, "The server lacks a setting for this")


@dataclass(frozen=True, slots=True)
class ClientTokens:
    """Set as `app.state.client_tokens` by whoever joins the parts. `needed` is False where
    clients get in without a token; `issuer` is None where the server has no secret; `leeway`
    is by how many seconds tokens are taken longer than they say."""

    needed: bool
    issuer: Issuer | None
    public_url: str | None
    leeway: float
    clock: Clock
    random: Random

    def token(
        self, caller: Identity, info: DocumentInfo, role: Role, user: str | None, seconds: float
    ) -> str | None:
        """For one document and nothing else, ending no later than the caller's own token. None
        if none is needed.

        Whoever speaks for the product names its user, or leaves that out for a guest; others
        hand out tokens in their own name. Raises AccessDenied, Unauthenticated, NoIssuerError.
        """
        if not self.needed:
            return None
        if role.rank > _lasting(caller, info):
            raise AccessDenied("This identity may not hand out these rights in the document.")
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
            # Without the leeway, which each token gets anew.
            seconds = min(seconds, caller.expires - self.leeway - self.clock.time())
        if seconds < 1:
            raise Unauthenticated("The token that asks is about to expire.")
        # Without a name, so that peers see what the client calls itself.
        return self.issuer.issue(
            user or caller.user, "", {info.id: role}, int(seconds), confined=True
        )

    def base_url(self, request: Request) -> str:
        """Where clients reach the service, without a slash at the end."""
        base = base_url(request, self.public_url)
        if base is None:
            raise HTTPException(400, "The request has no usable Host header.")
        return base


def _client_tokens(request: Request) -> ClientTokens:
    tokens = request.app.state.client_tokens
    assert isinstance(tokens, ClientTokens)
    return tokens


ClientTokensPart = Annotated[ClientTokens, Depends(_client_tokens)]


def websocket_url(url: str) -> str:
    """`url` with the scheme of its WebSockets: ws for http, wss for https."""
    return f"ws{url.removeprefix('http')}"


def _lasting(caller: Identity, info: DocumentInfo) -> int:
    """The rank of the caller's rights that nobody can take back: a grant or a link may be
    revoked at any time, and a token made of it could not."""
    own = [right.role for right in caller.rights if right.covers(info.id)]
    if caller.verified and not caller.confined and caller.user == info.owner:
        own.append(Role.OWNER)
    return max((role.rank for role in own), default=-1)
