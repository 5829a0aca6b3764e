"""Which sites' pages may call, for every way to say who one is.

Any page that someone visits can make their browser call `http://localhost:8000`, directly or
through a name of its own that it points at 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from collab.access import Credentials
from collab.auth.origins import Origin, is_address, is_loopback, parse_origin, split_host
from collab.errors import AccessDenied

_REMEMBERED: Final = 256
_LONGEST: Final = 256
"""Characters of a host and an origin that are remembered."""


class Sites:
    """`bound` is the host that the server listens on; `allowed` are the origins of other sites,
    and of the proxy in front, that may use it; `public` is the server's own, where it is known."""

    def __init__(self, bound: str, allowed: Iterable[Origin], public: Origin | None = None) -> None:
        listed = frozenset(allowed)
        self._strict = bool(listed)
        self._allowed = listed if public is None else listed | {public}
        self._allowed_hosts = frozenset((origin.host, origin.port) for origin in self._allowed)
        self._loopback = is_loopback(bound)
        self._passed: OrderedDict[tuple[str, str | None], None] = OrderedDict()
        """Hosts and origins that were checked, and may call."""

    def check(self, credentials: Credentials) -> None:
        """Raises AccessDenied for a request that comes from a page of another site, or that
        names another site as the one it wants to reach."""
        asked = credentials.host, credentials.origin
        if asked in self._passed:
            return
        host, port = self._host(credentials.host)
        if credentials.origin is not None:
            self._check_origin(credentials.origin, host, port)
        if len(credentials.host) + len(credentials.origin or "") <= _LONGEST:
            self._passed[asked] = None
            if len(self._passed) > _REMEMBERED:
                self._passed.popitem(last=False)

    def _host(self, header: str) -> tuple[str, int | None]:
        try:
            host, port = split_host(header)
        except ValueError:
            raise AccessDenied("The request has no usable Host header.") from None
        if self._known_host(host, port):
            return host, port
        raise AccessDenied(
            "The Host header names another site. COLLAB_ALLOWED_ORIGINS lists the sites that "
            "the server is reached as."
        )

    def _known_host(self, host: str, port: int | None) -> bool:
        if is_loopback(host):
            return True
        if any(name == host and port in (None, number) for name, number in self._allowed_hosts):
            return True
        if self._loopback:
            return False
        # Bound to a network on purpose. Rebinding needs a name, so an address is good; names
        # are good until the operator lists the ones in use.
        return is_address(host) or not self._strict

    def _check_origin(self, text: str, host: str, port: int | None) -> None:
        try:
            origin = parse_origin(text)
        except ValueError:
            raise AccessDenied("Pages without an origin of their own may not call.") from None
        if origin in self._allowed:
            return
        default = 443 if origin.scheme == "https" else 80
        if origin.host == host and origin.port == (default if port is None else port):
            return
        if self._loopback and is_loopback(host) and is_loopback(origin.host):
            return
        raise AccessDenied(f"Pages of {origin} may not call; see COLLAB_ALLOWED_ORIGINS.")
