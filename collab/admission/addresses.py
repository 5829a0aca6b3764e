"""Which address a request comes from, also behind proxies, and which it is counted under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_HOPS: Final = 32
"""Entries of `X-Forwarded-For` that are looked at, from the last one on."""
LONGEST: Final = 128
"""Characters of an address with zone and port, at most."""
_HERE: Final = IPv4Address("127.0.0.1")
"""What a peer on a Unix socket counts as: it is on this machine."""


class Addresses:
    """Reads the address of a peer from its ASGI scope.

    `X-Forwarded-For` is what proxies append to, each the address that called it; what stands
    further left, anyone may have written. So it is believed from the right, for as long as
    the one who wrote an entry is one of the `trusted` proxies.
    """

    def __init__(self, trusted: Iterable[Network] = ()) -> None:
        self._trusted = tuple(trusted)

    def of(self, scope: Mapping[str, Any]) -> str:
        """The address in its usual spelling; empty for a peer that has none."""
        client = scope.get("client")
        if not self._trusted:
            return _spelled(client[0]) if client else ""
        peer = parse_address(client[0]) if client else None
        if not self._trusts(peer or _HERE):
            return _text(peer)
        address = peer
        for entry in _forwarded(scope["headers"]):
            found = parse_address(entry)
            if found is None:
                break
            address = found
            if not self._trusts(found):
                break
        return _text(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def parse_address(text: str) -> Address | None:
    """Read an address as peers and proxies write it: bare, with a port, in brackets, IPv4
    within IPv6, or `unix:`. None for anything else."""
    return _parsed(text) if len(text) <= LONGEST else None


@lru_cache(1024)
def _parsed(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("unix:"):
        return _HERE
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not _is_port(port)):
            return None
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    else:
        host = text
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def counted_as(address: str) -> str | None:
    """What limits per address count this one under: of IPv6 the /64 network, which is what one
    customer gets at least. None for peers on this machine, which have no such limits: all that
    comes through a proxy here would count as one."""
    return _key(address) if len(address) <= LONGEST else None


@lru_cache(1024)
def _key(address: str) -> str | None:
    parsed = parse_address(address) if address else None
    if parsed is None or parsed.is_loopback:
        return None
    if isinstance(parsed, IPv6Address):
        return str(ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """The entries of all X-Forwarded-For headers, last first."""
    lines = [value for name, value in headers if name.lower() == b"x-forwarded-for"]
    if not lines:
        return []
    entries = b",".join(lines).decode("latin-1").rsplit(",", MAX_HOPS)
    return entries[: -MAX_HOPS - 1 : -1]


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdigit()


def _spelled(text: str) -> str:
    return _spelling(text) if len(text) <= LONGEST else ""


@lru_cache(1024)
def _spelling(text: str) -> str:
    return _text(parse_address(text))


def _text(address: Address | None) -> str:
    return "" if address is None else str(address)
