"""Tokens as a product that embeds Collab signs them."""

from __future__ import annotations

from collections.abc import Mapping

from collab.access import Role
from collab.auth.claims import ClaimRules
from collab.auth.tokens import TokenIssuer
from collab.clock import SystemClock
from collab.interfaces import Clock

ISSUER = "https://product.example"
SECRET = "a secret of the product's and ours, long enough"
TOKEN_MODE = {
    "COLLAB_AUTH": "token",
    "COLLAB_JWT_SECRET": SECRET,
    "COLLAB_JWT_ISSUER": ISSUER,
    "COLLAB_JWT_LEEWAY_SECONDS": "0",
}
"""The environment of a server that takes them."""


def token(
    user: str,
    rights: Mapping[str, Role] | None = None,
    *,
    name: str | None = None,
    color: str | None = None,
    create: bool = False,
    seconds: float = 3600,
    clock: Clock | None = None,
) -> str:
    rules = ClaimRules(ISSUER, "collab", 0.0)
    issuer = TokenIssuer(rules, SECRET.encode(), clock or SystemClock())
    shown = user.title()[:100] if name is None else name
    return issuer.issue(user, shown, rights or {}, seconds, may_create=create, color=color)
