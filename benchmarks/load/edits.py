"""Edits: made before a run, counted one by one however a server batches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from collab.protocol.encoding import write_string, write_varuint
from collab.protocol.update import stored_facts

ROOT: Final = "content"

Ranges = tuple[tuple[int, int, int], ...]
"""Client, first clock, and the clock after the last, of structs in an update."""

_STRING: Final = 4
_HAS_ORIGIN: Final = 0x80
_CACHED_BYTES: Final = 64 * 1024
_CACHED: Final = 20_000

_known: dict[bytes, Ranges] = {}


def typed(client: int, count: int) -> list[bytes]:
    """What a Yjs client sends that types `count` characters into a text, one update each: an
    item of one character behind the one before."""
    name = bytearray()
    write_string(name, ROOT)
    who = _varuint(client)
    updates = [b"\x01\x01" + who + b"\x00" + bytes([_STRING, 1]) + name + b"\x01x\x00"]
    start, middle = b"\x01\x01" + who, bytes([_STRING | _HAS_ORIGIN]) + who
    before = _varuint(0)
    for clock in range(1, count):
        number = _varuint(clock)
        updates.append(start + number + middle + before + b"\x01x\x00")
        before = number
    return updates


def ranges_of(update: bytes) -> Ranges:
    """The clock ranges of an update's structs. Peers are sent the same bytes: each is decoded
    once."""
    found = _known.get(update)
    if found is None:
        found = tuple(
            (client, start, end)
            for client, ranges in stored_facts(update).structs.items()
            for start, end in ranges
        )
        if len(update) <= _CACHED_BYTES:
            if len(_known) >= _CACHED:
                _known.clear()
            _known[update] = found
    return found


class Progress:
    """Which edits a peer was delivered. A server that leaves one out is found out here."""

    __slots__ = ("count", "on_new", "seen")

    def __init__(self, on_new: Callable[[int, int, int], None] | None = None) -> None:
        """`on_new` is told of client, first clock and the clock after the last."""
        self.count = 0
        self.seen: dict[int, int] = {}
        self.on_new = on_new

    def take(self, ranges: Ranges) -> None:
        """Count what is new. Raises ValueError if a client's edits come with a gap."""
        for client, start, end in ranges:
            seen = self.seen.get(client, 0)
            if end <= seen:
                continue
            if start > seen:
                raise ValueError(f"edits {seen} to {start} of client {client} did not come")
            self.seen[client] = end
            self.count += end - seen
            if self.on_new is not None:
                self.on_new(client, seen, end)


def _varuint(value: int) -> bytes:
    out = bytearray()
    write_varuint(out, value)
    return bytes(out)
