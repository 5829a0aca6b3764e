"""State vectors: how many clocks of each client a replica has."""

from __future__ import annotations

from collections.abc import Mapping

from collab.errors import ProtocolError
from collab.protocol.encoding import CLOCK_LIMIT, Reader, write_varuint


def decode_state_vector(data: bytes) -> dict[int, int]:
    """The next clock by client. Raises ProtocolError."""
    reader = Reader(data)
    clocks: dict[int, int] = {}
    for _ in range(reader.count()):
        client = reader.varuint()
        if client in clocks:
            raise ProtocolError(f"client {client} twice in the state vector")
        clocks[client] = reader.varuint(CLOCK_LIMIT - 1)
    reader.expect_end()
    return clocks


def encode_state_vector(clocks: Mapping[int, int]) -> bytes:
    """The bytes of a state vector, highest client first, as Yjs writes it."""
    out = bytearray()
    write_varuint(out, len(clocks))
    for client in sorted(clocks, reverse=True):
        write_varuint(out, client)
        write_varuint(out, clocks[client])
    return bytes(out)
