"""What an ASGI request, HTTP or WebSocket, brings to say who sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    headers = _Headers(scope["headers"])
    client = scope.get("client")
    query = scope.get("query_string", b"")
    parameters = parse_qs(query.decode("latin-1")) if query else {}
    return Credentials(
        token=_bearer(headers.only("authorization")) or _first(parameters, "token"),
        origin=_origin(headers),
        host=headers.only("host"),
        address=client[0] if client else "",
        link=headers.only("collab-link") or _first(parameters, "link"),
        headers=headers.all,
    )


class _Headers:
    """`all` has the values of a header that was sent twice joined by commas."""

    __slots__ = ("_repeated", "all")

    def __init__(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.all = {
            name.lower().decode("latin-1"): value.decode("latin-1") for name, value in headers
        }
        self._repeated: dict[str, set[str]] = {}
        if len(self.all) < len(headers):
            self._join(headers)

    def _join(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        values: dict[str, list[str]] = {}
        for raw, value in headers:
            values.setdefault(raw.lower().decode("latin-1"), []).append(value.decode("latin-1"))
        for name, found in values.items():
            if len(found) > 1:
                self.all[name] = ", ".join(found)
                self._repeated[name] = set(found)

    def only(self, name: str) -> str:
        """The value of a header that must not be repeated; empty if it is, or is missing."""
        values = self._repeated.get(name)
        if values is None:
            return self.all.get(name, "").strip()
        return "" if len(values) > 1 else next(iter(values)).strip()


def _bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _first(query: Mapping[str, list[str]], name: str) -> str | None:
    return next(iter(query.get(name, ())), None)


def _origin(headers: _Headers) -> str | None:
    if "origin" not in headers.all:
        return None
    # Two headers that disagree are nobody's origin: the same as what a sandboxed page sends.
    return headers.only("origin") or "null"
