"""Awareness: the short-lived states that peers show each other, such as carets and names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol.encoding import (
    CLOCK_LIMIT,
    Reader,
    write_string,
    write_varuint,
)
from collab.protocol.strict_json import parse_json


@dataclass(frozen=True, slots=True)
class AwarenessEntry:
    """One client's state: a JSON object as the client wrote it, or None once it is gone.

    A greater clock replaces a lesser one; None replaces a state of the same clock.
    """

    client: int
    clock: int
    state: str | None


@dataclass(frozen=True, slots=True)
class AwarenessLimits:
    """What one awareness message may hold.

    `max_entries` leaves room for the clients that send back every state they receive.
    """

    max_state_bytes: int = 4096
    max_entries: int = 4096
    max_depth: int = 64


DEFAULT_LIMITS: Final = AwarenessLimits()


def decode_awareness(
    data: bytes, limits: AwarenessLimits = DEFAULT_LIMITS
) -> tuple[AwarenessEntry, ...]:
    """All entries, or none: one at fault refuses the rest. Raises ProtocolError."""
    reader = Reader(data)
    count = reader.count()
    if count > limits.max_entries:
        raise LimitExceeded(f"{count} awareness states, at most {limits.max_entries} allowed")
    entries: dict[int, AwarenessEntry] = {}
    for _ in range(count):
        entry = _read_entry(reader, limits)
        if entry.client in entries:
            raise ProtocolError(f"client {entry.client} twice in one awareness message")
        entries[entry.client] = entry
    reader.expect_end()
    return tuple(entries.values())


def _read_entry(reader: Reader, limits: AwarenessLimits) -> AwarenessEntry:
    client = reader.varuint()
    clock = reader.varuint(CLOCK_LIMIT - 1)
    text = reader.string(limits.max_state_bytes)
    state = parse_json(text, limits.max_depth)
    if state is None:
        return AwarenessEntry(client, clock, None)
    if not isinstance(state, dict):
        raise ProtocolError(f"awareness state of client {client} is neither an object nor null")
    return AwarenessEntry(client, clock, text)


def encode_awareness(entries: Iterable[AwarenessEntry]) -> bytes:
    """The bytes of an awareness update."""
    entries = tuple(entries)
    out = bytearray()
    write_varuint(out, len(entries))
    for entry in entries:
        write_varuint(out, entry.client)
        write_varuint(out, entry.clock)
        write_string(out, "null" if entry.state is None else entry.state)
    return bytes(out)
