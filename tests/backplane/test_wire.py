"""The messages that nodes send each other."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.backplane.wire import (
    MAX_MESSAGE_BYTES,
    VERSION,
    Message,
    decode_message,
    encode_message,
    encode_news,
)
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
from collab.protocol.encoding import write_bytes, write_string, write_varuint

documents = st.text("abcdefgh/-._~:@0123", min_size=1, max_size=255)
texts = st.text(st.characters(codec="utf-8"), max_size=50)
sequences = st.integers(0, 2**53 - 1)
states = st.lists(
    st.builds(
        Present,
        st.builds(AwarenessEntry, sequences, st.integers(0, 2**31 - 1), st.none() | texts),
        st.none() | texts,
    ),
    max_size=5,
).map(tuple)
rows = st.lists(st.binary(max_size=40), max_size=5).map(tuple)
pieces: st.SearchStrategy[News] = st.one_of(
    st.builds(Committed, documents, sequences, rows),
    st.builds(Deleted, documents),
    st.builds(AccessChanged, documents),
    st.builds(PresenceChanged, documents, states),
    st.builds(PresenceOf, documents, states),
    st.builds(PresenceWanted, st.none() | documents),
    st.builds(Said, documents, texts),
)
messages = st.builds(
    Message,
    st.text("abc-0123", min_size=1, max_size=64),
    sequences,
    st.lists(pieces, max_size=8).map(tuple),
    st.booleans(),
)


def encoded(message: Message) -> bytes:
    entries = map(encode_news, message.news)
    return encode_message(message.node, message.number, entries, message.leaving)


def entry(kind: int, document: str, body: bytes) -> bytes:
    out = bytearray()
    write_varuint(out, kind)
    write_string(out, document)
    write_bytes(out, body)
    return bytes(out)


@given(messages)
def test_what_is_encoded_is_decoded(message: Message) -> None:
    """[CL4] equal, down to the last state."""
    assert decode_message(encoded(message)) == message


@given(messages, st.sets(documents))
def test_unwanted_documents_are_stepped_over(message: Message, others: set[str]) -> None:
    """[CL2] what is left is what is wanted, and what is of no document."""
    wanted = others | {news.document for news in message.news[::2] if news.document}
    left = tuple(n for n in message.news if n.document is None or n.document in wanted)
    assert decode_message(encoded(message), wanted.__contains__).news == left


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    """[CL4] no other error."""
    with suppress(ProtocolError):
        decode_message(data)


@given(messages, st.data())
def test_damaged_messages_are_decoded_or_refused(message: Message, data: st.DataObject) -> None:
    """[CL4] whatever happened to a byte or to the end."""
    whole = bytearray(encoded(message))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    for damaged in (bytes(whole), bytes(whole[:at])):
        with suppress(ProtocolError):
            decode_message(damaged)


def test_another_version_and_too_much_are_refused() -> None:
    """[CL4] unread."""
    good = encode_message("a", 1)
    with pytest.raises(ProtocolError, match="format 2"):
        decode_message(bytes((VERSION + 1,)) + good[1:])
    with pytest.raises(LimitExceeded):
        decode_message(good + bytes(MAX_MESSAGE_BYTES))
    with pytest.raises(ProtocolError, match="name"):
        decode_message(encode_message("", 1))
    with pytest.raises(LimitExceeded):
        decode_message(encode_message("n" * 65, 1))
    with pytest.raises(ProtocolError, match="without a document"):
        decode_message(encode_message("a", 1, [entry(2, "", b"")]))


@pytest.mark.parametrize("kind", [0, 8, 99, 2**40])
def test_what_only_a_newer_node_says_is_skipped(kind: int) -> None:
    """[CL4] kinds, flags and ends of bodies that came later, between others that are known."""
    news = (Said("a", "before"), Said("b", "behind"))
    entries = [encode_news(news[0]), entry(kind, "a", b"\xff" * 9), encode_news(news[1])]
    assert decode_message(encode_message("n", 3, entries)).news == news
    longer = entry(2, "a", b"something new")
    assert decode_message(encode_message("n", 3, [longer])).news == (Deleted("a"),)


@pytest.mark.parametrize("length", [3, 100])
def test_a_body_that_ends_elsewhere_is_refused(length: int) -> None:
    """[CL4] before its values do, or behind the message."""
    out = bytearray((1,))
    write_string(out, "d")
    write_varuint(out, length)
    body = bytearray()
    write_varuint(body, 5)
    write_varuint(body, 1)
    write_bytes(body, b"a longer row")
    with pytest.raises(ProtocolError):
        decode_message(encode_message("n", 1, [bytes(out + body)]))
