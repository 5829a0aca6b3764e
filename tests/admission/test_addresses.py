"""Whose address counts, and as what."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from collab.admission.addresses import MAX_HOPS, Addresses, counted_as, parse_address

PROXIES = Addresses((ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")))


def scope(client: str | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return {"client": None if client is None else (client, 50000), "headers": headers}


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # not from a proxy
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # 1.1.1.1 is made up
        ("127.0.0.1", ["198.51.100.1, 10.1.1.1, 10.2.2.2"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1", "10.1.1.1"], "198.51.100.1"),  # two headers are one list
        ("127.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),  # someone inside
        ("127.0.0.1", ["198.51.100.1, rubbish, 10.1.1.1"], "10.1.1.1"),  # the last good one
        ("127.0.0.1", ["rubbish"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", [","], "127.0.0.1"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["\xff\x00"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("127.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("127.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("127.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, unix:"], "198.51.100.1"),
        (None, ["198.51.100.1"], "198.51.100.1"),  # a proxy on a Unix socket
        (None, [], ""),
    ],
)
def test_the_address_behind_proxies(client: str | None, forwarded: list[str], address: str) -> None:
    """[LM2] from the right, past trusted proxies, to the first that is none."""
    assert PROXIES.of(scope(client, *forwarded)) == address


@pytest.mark.parametrize("client", ["127.0.0.1", "10.1.1.1", "::1", None])
def test_nobody_is_believed_unless_named(client: str | None) -> None:
    """[LM2] by default a forwarded address is nothing but what a peer wrote."""
    assert Addresses().of(scope(client, "198.51.100.1")) == (client or "")


def test_a_long_list_costs_little() -> None:
    """[LM2] only so many entries are looked at."""
    hops = ", ".join(["198.51.100.1", *["10.1.1.1"] * 5000])
    assert PROXIES.of(scope("127.0.0.1", hops)) == "10.1.1.1"
    hops = ", ".join(["198.51.100.1", *["10.1.1.1"] * (MAX_HOPS - 1)])
    assert PROXIES.of(scope("127.0.0.1", hops)) == "198.51.100.1"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" 198.51.100.1 ", "198.51.100.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unix:/run/x", "127.0.0.1"),
        ("[2001:db8::1", None),
        ("[2001:db8::1]x", None),
        ("198.51.100.1:", None),
        ("198.51.100.1:http", None),
        ("198.51.100.1:\u0661", None),
        ("198.51.100", None),
        ("localhost", None),
        ('"198.51.100.1"', None),
        ("", None),
    ],
)
def test_spellings(text: str, address: str | None) -> None:
    found = parse_address(text)
    assert (None if found is None else str(found)) == address


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("", None),
        ("testclient", None),
    ],
)
def test_what_an_address_counts_as(address: str, key: str | None) -> None:
    """[LM3] a /64 of IPv6 is one; this machine is none."""
    assert counted_as(address) == key
