"""What an ASGI request, HTTP or WebSocket, brings to say who sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from collab.access import Credentials


def credentials_of(scope: Mapping[str, Any]) -> Credentials:
    """Read the credentials of a request from its ASGI scope.

    The token is taken from `Authorization: Bearer`, else from the query parameter `token`:
    browsers cannot set headers on a WebSocket. The header `Collab-Link`, else the parameter
    `link`, brings a share link beside it. `address` is the peer's, which `collab.api.rates`
    found out.
    """
    headers: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    client = scope.get("client")
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return Credentials(
        token=_bearer(headers) or _first(query, "token"),
        origin=_origin(headers.get(b"origin")),
        host=_only(headers.get(b"host")),
        address=client[0] if client else "",
        link=_only(headers.get(b"collab-link")) or _first(query, "link"),
        headers={
            name.decode("latin-1"): b", ".join(values).decode("latin-1")
            for name, values in headers.items()
        },
    )


def _bearer(headers: Mapping[bytes, list[bytes]]) -> str | None:
    scheme, _, token = _only(headers.get(b"authorization")).partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _first(query: Mapping[str, list[str]], name: str) -> str | None:
    return next(iter(query.get(name, ())), None)


def _origin(values: list[bytes] | None) -> str | None:
    if not values:
        return None
    # Two headers that disagree are nobody's origin: the same as what a sandboxed page sends.
    return _only(values) or "null"


def _only(values: list[bytes] | None) -> str:
    """The value of a header that must not be repeated; empty if it is, or is missing."""
    if not values or len(set(values)) > 1:
        return ""
    return values[0].decode("latin-1").strip()
