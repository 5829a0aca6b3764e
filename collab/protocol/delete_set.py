"""Delete sets: which clocks of which client are deleted."""

from __future__ import annotations

from collections.abc import Mapping

from collab.errors import ProtocolError
from collab.protocol.encoding import CLOCK_LIMIT, Reader, write_varuint
from collab.protocol.ranges import Ranges


def decode_delete_set(data: bytes) -> dict[int, Ranges]:
    """The deleted clocks by client. Raises ProtocolError."""
    reader = Reader(data)
    deletes = read_delete_set(reader)
    reader.expect_end()
    return deletes


def read_delete_set(reader: Reader) -> dict[int, Ranges]:
    """The delete set at the front of `reader`. Raises ProtocolError."""
    deletes: dict[int, Ranges] = {}
    for _ in range(reader.count()):
        client = reader.varuint()
        if client in deletes:
            raise ProtocolError(f"client {client} twice in the delete set")
        deletes[client] = _read_ranges(reader, client)
    return deletes


def _read_ranges(reader: Reader, client: int) -> Ranges:
    ranges: list[tuple[int, int]] = []
    last_end = -1
    for _ in range(reader.count()):
        start = reader.varuint(CLOCK_LIMIT)
        length = reader.varuint(CLOCK_LIMIT)
        end = start + length
        if length == 0:
            raise ProtocolError(f"empty delete range of client {client} at clock {start}")
        if end >= CLOCK_LIMIT:
            raise ProtocolError(f"delete range of client {client} up to {end}, over the limit")
        if start < last_end:
            raise ProtocolError(f"delete ranges of client {client} out of order at clock {start}")
        if start == last_end:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
        last_end = end
    return tuple(ranges)


def encode_delete_set(deletes: Mapping[int, Ranges]) -> bytes:
    """The bytes of a delete set, highest client first, as Yjs writes it."""
    out = bytearray()
    write_delete_set(out, deletes)
    return bytes(out)


def write_delete_set(out: bytearray, deletes: Mapping[int, Ranges]) -> None:
    """Append a delete set; a client without ranges is left out."""
    clients = sorted((client for client, ranges in deletes.items() if ranges), reverse=True)
    write_varuint(out, len(clients))
    for client in clients:
        ranges = deletes[client]
        write_varuint(out, client)
        write_varuint(out, len(ranges))
        for start, end in ranges:
            write_varuint(out, start)
            write_varuint(out, end - start)
