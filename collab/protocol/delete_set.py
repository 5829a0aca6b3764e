"""Delete sets: which clocks of which client are deleted."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from itertools import chain
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.encoding import CLOCK_LIMIT, Reader, write_varuint
from collab.protocol.ranges import Ranges

PIECE: Final = 4096
"""Ranges read at a time: a millisecond or two."""


def decode_delete_set(data: bytes) -> dict[int, Ranges]:
    """The deleted clocks by client. Raises ProtocolError."""
    reader = Reader(data)
    deletes = read_delete_set(reader)
    reader.expect_end()
    return deletes


def delete_set_pieces(data: bytes) -> Iterator[tuple[int, Ranges]]:
    """The same a few ranges at a time, for those who let others have a turn in between; those of
    a client come one after the other. Raises ProtocolError."""
    reader = Reader(data)
    clients: set[int] = set()
    for _ in range(reader.count()):
        client = _next_client(reader, clients)
        clients.add(client)
        for piece in _pieces(reader, client):
            yield client, piece
    reader.expect_end()


def read_delete_set(reader: Reader) -> dict[int, Ranges]:
    """The delete set at the front of `reader`. Raises ProtocolError."""
    deletes: dict[int, Ranges] = {}
    for _ in range(reader.count()):
        client = _next_client(reader, deletes)
        deletes[client] = tuple(chain.from_iterable(_pieces(reader, client)))
    return deletes


def _next_client(reader: Reader, before: Container[int]) -> int:
    client = reader.varuint()
    if client in before:
        raise ProtocolError(f"client {client} twice in the delete set")
    return client


def _pieces(reader: Reader, client: int) -> Iterator[Ranges]:
    ranges: list[tuple[int, int]] = []
    last_start, last_end = 0, -1
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
            ranges[-1] = (last_start, end)
        else:
            if len(ranges) == PIECE:
                yield tuple(ranges)
                ranges.clear()
            ranges.append((start, end))
            last_start = start
        last_end = end
    yield tuple(ranges)


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
