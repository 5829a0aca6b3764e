"""The socket that a server listens on."""

from __future__ import annotations

import socket
from typing import Final

from collab.errors import ConfigError

BACKLOG: Final = 2048
"""Connections that may wait to be accepted."""


def listen(host: str, port: int, settings: str = "COLLAB_") -> socket.socket:
    """A bound socket. Raises ConfigError, in one line that says what to change: `settings`
    begins the names of both."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigError(f"{settings}HOST={host} is not a known host: {error.strerror}") from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        free = ", or COLLAB_PORT=0 for any free port" if settings == "COLLAB_" else ""
        raise ConfigError(
            f"{host}:{port} cannot be listened on ({error.strerror}): set {settings}HOST "
            f"and {settings}PORT to a free address{free}"
        ) from error
    bound.set_inheritable(False)
    return bound


def url_of(bound: socket.socket, host: str) -> str:
    """Where a browser on this machine finds a server that listens on `bound`."""
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1" if bound.family is socket.AF_INET else "::1"
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{bound.getsockname()[1]}/"
