"""What an ASGI request, HTTP or WebSocket, brings to say who sends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
        token=_bearer(headers.only(b"authorization")) or _first(parameters, "token"),
        origin=_origin(headers),
        host=headers.only(b"host"),
        address=client[0] if client else "",
        link=headers.only(b"collab-link") or _first(parameters, "link"),
        headers=headers,
    )


class _Headers(Mapping[str, str]):
    """Decoded for those who look at them, whom most requests do not meet. Of a header that was
    sent twice the values are joined by commas."""

    __slots__ = ("_found", "_repeated")

    def __init__(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._found = {name.lower(): value for name, value in headers}
        self._repeated: dict[bytes, set[bytes]] = {}
        if len(self._found) < len(headers):
            self._join(headers)

    def __getitem__(self, name: str) -> str:
        try:
            return self._found[name.encode("latin-1")].decode("latin-1")
        except UnicodeEncodeError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._found)

    def __len__(self) -> int:
        return len(self._found)

    def _join(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        values: dict[bytes, list[bytes]] = {}
        for raw, value in headers:
            values.setdefault(raw.lower(), []).append(value)
        for name, found in values.items():
            if len(found) > 1:
                self._found[name] = b", ".join(found)
                self._repeated[name] = set(found)

    def only(self, name: bytes) -> str:
        """The value of a header that must not be repeated; empty if it is, or is missing."""
        value = self._found.get(name)
        if value is None:
            return ""
        if self._repeated and (values := self._repeated.get(name)) is not None:
            value = next(iter(values)) if len(values) == 1 else b""
        return value.decode("latin-1").strip()

    def has(self, name: bytes) -> bool:
        return name in self._found


def _bearer(authorization: str) -> str | None:
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _first(query: Mapping[str, list[str]], name: str) -> str | None:
    return query[name][0] if name in query else None


def _origin(headers: _Headers) -> str | None:
    if not headers.has(b"origin"):
        return None
    # Two headers that disagree are nobody's origin: the same as what a sandboxed page sends.
    return headers.only(b"origin") or "null"
