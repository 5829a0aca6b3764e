"""State vectors: how many clocks of each client a replica has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.encoding import CLOCK_LIMIT, Reader, write_varuint

KEPT: Final = 32
KEPT_BYTES: Final = 4 * 1024
"""State vectors up to this size, of 400 clients about, are remembered."""


def decode_state_vector(data: bytes) -> Mapping[int, int]:
    """The next clock by client. Who was cut off together says the same one; it is read once.

    Raises ProtocolError.
    """
    return _decode_again(data) if len(data) <= KEPT_BYTES else _decode(data)


def _decode(data: bytes) -> Mapping[int, int]:
    reader = Reader(data)
    clocks: dict[int, int] = {}
    for _ in range(reader.count()):
        client = reader.varuint()
        if client in clocks:
            raise ProtocolError(f"client {client} twice in the state vector")
        clocks[client] = reader.varuint(CLOCK_LIMIT - 1)
    reader.expect_end()
    return MappingProxyType(clocks)


_decode_again: Final = lru_cache(KEPT)(_decode)


def encode_state_vector(clocks: Mapping[int, int]) -> bytes:
    """The bytes of a state vector, highest client first, as Yjs writes it."""
    out = bytearray()
    write_varuint(out, len(clocks))
    for client in sorted(clocks, reverse=True):
        write_varuint(out, client)
        write_varuint(out, clocks[client])
    return bytes(out)
