"""Hosts and origins: which of them a browser's request may come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

_LONGEST = 128
"""Characters of an address with its zone, at most."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """A web origin, with the port spelled out."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if _PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def parse_origin(text: str) -> Origin:
    """Read `http://host` or `https://host:port`. Raises ValueError for anything else."""
    parts = urlsplit(text)
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError(f"{text!r} is not an origin such as https://notes.example.org")
    if parts.path or parts.query or parts.fragment or text.endswith(("?", "#", ":")):
        raise ValueError(f"{text!r} has more than scheme, host and port")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return Origin(parts.scheme, _bare(parts.hostname), port)


def split_host(header: str) -> tuple[str, int | None]:
    """Host and port of a Host header. Raises ValueError if it holds anything else."""
    parts = urlsplit(f"//{header}")
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("not a host")
    if not parts.hostname or any(c.isspace() for c in header):
        raise ValueError("not a host")
    return _bare(parts.hostname), parts.port


def is_loopback(host: str) -> bool:
    """Whether a name or address always means this machine (RFC 6761 for the names)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_address(host: str) -> bool:
    return _address(host) is not None


def _bare(host: str) -> str:
    return host.lower().rstrip(".")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    return _parsed(host) if len(host) <= _LONGEST else None


@lru_cache(1024)
def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
