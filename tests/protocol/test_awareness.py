"""Awareness states, and what is refused of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol.awareness import (
    AwarenessEntry,
    AwarenessLimits,
    decode_awareness,
    encode_awareness,
)

from . import builders as build
from .builders import awareness

GOOD = (7, 3, '{"user":{"name":"Ada"}}')


def refuse(data: bytes, because: str) -> None:
    with pytest.raises(ProtocolError, match=because):
        decode_awareness(data)


def test_states() -> None:
    """[AW1] [AW8] a state is an object, kept as it came; null is none."""
    spelled = '{ "b": 1.0,\n "a": "\\u00e9" }'
    data = awareness((1, 0, spelled), (2, 2**31 - 1, "null"), (2**53 - 1, 5, "{}"))
    entries = decode_awareness(data)
    assert entries == (
        AwarenessEntry(1, 0, spelled),
        AwarenessEntry(2, 2**31 - 1, None),
        AwarenessEntry(2**53 - 1, 5, "{}"),
    )
    assert encode_awareness(entries) == data
    assert decode_awareness(awareness()) == ()


@pytest.mark.parametrize("text", ["[]", "1", '"text"', "true", '[{"a":1}]'])
def test_states_that_are_no_objects(text: str) -> None:
    """[AW1] other JSON than an object or null is refused."""
    refuse(awareness((1, 0, text)), "neither an object nor null")


def test_size_of_a_state() -> None:
    """[AW2] a state has at most 4096 bytes, not characters."""
    fits = '{"a":"' + "x" * 4088 + '"}'
    assert decode_awareness(awareness((1, 0, fits)))[0].state == fits
    for over in ('{"a":"' + "x" * 4089 + '"}', '{"a":"' + "é" * 2045 + '"}'):
        with pytest.raises(LimitExceeded, match="at most 4096"):
            decode_awareness(awareness((1, 0, over)))


@pytest.mark.parametrize(
    "data",
    [
        awareness((1, 2**31, "{}")),
        awareness((1, 2**64, "{}")),
        awareness((2**53, 0, "{}")),
    ],
)
def test_ids_and_clocks(data: bytes) -> None:
    """[AW3] client ids and clocks are bounded."""
    refuse(data, "is over")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a":NaN}',
        '{"a":[Infinity]}',
        '{"a":-Infinity}',
        '{"a":1e999}',
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":1}}',
        '{"a":"\\ud800"}',
        '{"a":1}x',
        "{'a':1}",
        '{"a":undefined}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
    ],
)
def test_lax_json(text: str | bytes) -> None:
    """[AW4] a state is strict JSON."""
    refuse(awareness((1, 0, text)), "JSON|UTF-8")


def test_nested_states() -> None:
    """[AW4] a state is nested at most 64 deep."""
    decode_awareness(awareness((1, 0, '{"a":' + build.nested_json(63) + "}")))
    refuse(awareness((1, 0, '{"a":' + build.nested_json(64) + "}")), "deeper than 64")
    refuse(awareness((1, 0, '{"a":' * 800)), "deeper than 64")


def test_client_twice() -> None:
    """[AW5] a client stands once in a message."""
    refuse(awareness(GOOD, (8, 1, "{}"), (7, 4, "null")), "client 7 twice")


def test_number_of_entries() -> None:
    """[AW6] the number of entries is limited."""
    limits = AwarenessLimits(max_entries=2)
    two = [(client, 0, "{}") for client in range(2)]
    assert len(decode_awareness(awareness(*two), limits)) == 2
    with pytest.raises(LimitExceeded, match="3 awareness states"):
        decode_awareness(awareness(*two, (2, 0, "{}")), limits)
    with pytest.raises(LimitExceeded):
        decode_awareness(awareness(*((client, 0, "{}") for client in range(4097))))


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (awareness(GOOD, (8, 0, "[]")), "neither an object nor null"),
        (awareness(GOOD) + b"\x00", "1 bytes too many"),
        (awareness(GOOD)[:-1], "end within"),
        (awareness(GOOD, count=2), "end within"),
        (awareness(GOOD, count=0), "bytes too many"),
        (awareness(GOOD, count=2**40), "elements announced"),
        (b"", "end within"),
        (build.long_varuint(11), "over 10 bytes"),
    ],
)
def test_one_fault(data: bytes, because: str) -> None:
    """[AW7] one fault refuses the whole message."""
    refuse(data, because)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """[PR11] any bytes decode or raise ProtocolError."""
    try:
        entries = decode_awareness(data)
    except ProtocolError:
        return
    assert decode_awareness(encode_awareness(entries)) == entries
