"""The messages that nodes send each other: bytes in, news out; no sockets.

    message = version, node, number, flags, entry*
    entry   = kind, document, length, body

All integers are lib0 varints, all texts have their length in bytes before them. An entry's length
lets a reader step over documents that it has not open, over kinds that only a newer node knows,
and over what a newer node appends to a body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, assert_never

from collab.errors import LimitExceeded, ProtocolError
from collab.news import (
    AccessChanged,
    Committed,
    Deleted,
    News,
    PresenceChanged,
    PresenceOf,
    PresenceWanted,
    Present,
    Said,
)
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.encoding import (
    CLOCK_LIMIT,
    Reader,
    write_bytes,
    write_string,
    write_varuint,
)

VERSION: Final = 1
"""Of the frame around the entries. Raised only if an older node must not read what follows."""

MAX_MESSAGE_BYTES: Final = 16 << 20
"""A message over it is refused unread; senders stay far below."""

MAX_NAME_BYTES: Final = 64
MAX_DOCUMENT_BYTES: Final = 255

_LEAVING: Final = 1

_COMMITTED: Final = 1
_DELETED: Final = 2
_ACCESS_CHANGED: Final = 3
_PRESENCE_CHANGED: Final = 4
_PRESENCE_OF: Final = 5
_PRESENCE_WANTED: Final = 6
_SAID: Final = 7

_HAS_STATE: Final = 1
_HAS_USER: Final = 2


@dataclass(frozen=True, slots=True)
class Message:
    """What one node said at once. `number` counts its messages from 1, without a hole unless
    something was lost; `leaving`: it says no more."""

    node: str
    number: int
    news: tuple[News, ...] = ()
    leaving: bool = False


def encode_message(
    node: str, number: int, entries: Iterable[bytes] = (), leaving: bool = False
) -> bytes:
    """`entries` are results of `encode_news`."""
    out = bytearray((VERSION,))
    write_string(out, node)
    write_varuint(out, number)
    write_varuint(out, _LEAVING if leaving else 0)
    return b"".join((out, *entries))


def encode_news(news: News) -> bytes:
    """One entry. Raises UnicodeEncodeError for a text that has no UTF-8."""
    body = bytearray()
    match news:
        case Committed():
            kind = _COMMITTED
            write_varuint(body, news.sequence)
            write_varuint(body, len(news.rows))
            for row in news.rows:
                write_bytes(body, row)
        case Deleted():
            kind = _DELETED
        case AccessChanged():
            kind = _ACCESS_CHANGED
        case PresenceChanged():
            kind = _PRESENCE_CHANGED
            _write_states(body, news.states)
        case PresenceOf():
            kind = _PRESENCE_OF
            _write_states(body, news.states)
        case PresenceWanted():
            kind = _PRESENCE_WANTED
        case Said():
            kind = _SAID
            write_string(body, news.payload)
        case _:
            assert_never(news)
    out = bytearray()
    write_varuint(out, kind)
    write_string(out, news.document or "")
    write_varuint(out, len(body))
    out += body
    return bytes(out)


def _write_states(out: bytearray, states: tuple[Present, ...]) -> None:
    write_varuint(out, len(states))
    for present in states:
        entry = present.entry
        write_varuint(out, entry.client)
        write_varuint(out, entry.clock)
        has_state = _HAS_STATE if entry.state is not None else 0
        has_user = _HAS_USER if present.user is not None else 0
        write_varuint(out, has_state | has_user)
        if entry.state is not None:
            write_string(out, entry.state)
        if present.user is not None:
            write_string(out, present.user)


def decode_message(
    data: bytes, wanted: Callable[[str], bool] = lambda document: True, own: str = ""
) -> Message:
    """The message, with the news of documents that are `wanted` and of no document; without any
    if it is of the node `own`.

    Raises ProtocolError: then nothing of it may be used.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise LimitExceeded(f"{len(data)} bytes, at most {MAX_MESSAGE_BYTES} allowed")
    reader = Reader(data)
    if (version := reader.uint8()) != VERSION:
        raise ProtocolError(f"format {version}, this node reads {VERSION}")
    node = reader.string(MAX_NAME_BYTES)
    if not node:
        raise ProtocolError("a message without the name of its node")
    number = reader.varuint()
    flags = reader.varuint()
    if node == own:
        return Message(node, number)
    news: list[News] = []
    while reader.pos < reader.end:
        kind = reader.varuint()
        document = reader.string(MAX_DOCUMENT_BYTES)
        if document and not wanted(document):
            reader.skip_bytes()
            continue
        stop = reader.varuint() + reader.pos
        if stop > reader.end:
            raise ProtocolError(f"an entry ends {stop - reader.end} bytes behind its message")
        if (item := _read_news(reader, kind, document)) is not None:
            news.append(item)
        if reader.pos > stop:
            raise ProtocolError(f"an entry's values end {reader.pos - stop} bytes behind it")
        reader.pos = stop
    return Message(node, number, tuple(news), bool(flags & _LEAVING))


def _read_news(reader: Reader, kind: int, document: str) -> News | None:
    """None if only a newer node knows the kind."""
    if kind == _PRESENCE_WANTED:
        return PresenceWanted(document or None)
    if not _COMMITTED <= kind <= _SAID:
        return None
    if not document:
        raise ProtocolError(f"kind {kind} without a document")
    if kind == _COMMITTED:
        sequence = reader.varuint()
        return Committed(document, sequence, tuple(reader.bytes_() for _ in range(reader.count())))
    if kind == _PRESENCE_CHANGED:
        return PresenceChanged(document, _read_states(reader))
    if kind == _PRESENCE_OF:
        return PresenceOf(document, _read_states(reader))
    if kind == _SAID:
        return Said(document, reader.string())
    return Deleted(document) if kind == _DELETED else AccessChanged(document)


def _read_states(reader: Reader) -> tuple[Present, ...]:
    states = []
    for _ in range(reader.count()):
        client = reader.varuint()
        clock = reader.varuint(CLOCK_LIMIT - 1)
        flags = reader.varuint()
        state = reader.string() if flags & _HAS_STATE else None
        user = reader.string() if flags & _HAS_USER else None
        states.append(Present(AwarenessEntry(client, clock, state), user))
    return tuple(states)
