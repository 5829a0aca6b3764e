"""What an ASGI request, HTTP or WebSocket, brings to say who sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from collab.access import Credentials


def credentials_of(scope: Mapping[str, Any]) -> Credentials:
    """Read the credentials of a request from its ASGI scope.

    The token is taken from `Authorization: Bearer`, else from the query parameter `token`:
    browsers cannot set headers on a WebSocket. `address` is the peer of the TCP connection;
    forwarded headers are not trusted.
    """
    headers: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    client = scope.get("client")
    return Credentials(
        token=_token(headers, scope.get("query_string", b"")),
        origin=_origin(headers.get(b"origin")),
        host=_only(headers.get(b"host")),
        address=client[0] if client else "",
    )


def _token(headers: Mapping[bytes, list[bytes]], query: bytes) -> str | None:
    scheme, _, token = _only(headers.get(b"authorization")).partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    given = parse_qs(query.decode("latin-1")).get("token", [])
    return given[0] if given else None


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
