"""lib0 integers, texts and values, and the small encodings made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol import delete_set
from collab.protocol.any import Undefined, read_any, undefined, write_any
from collab.protocol.delete_set import decode_delete_set, encode_delete_set
from collab.protocol.encoding import (
    MAX_SAFE_INTEGER,
    Reader,
    write_bytes,
    write_string,
    write_varint,
    write_varuint,
)
from collab.protocol.ranges import Ranges
from collab.protocol.repair import repaired
from collab.protocol.roots import root_kinds
from collab.protocol.state_vector import decode_state_vector, encode_state_vector
from collab.protocol.strict_json import parse_json
from collab.protocol.surrogates import without_split_pairs
from collab.protocol.update import stored_facts, validate_update

from . import builders as build

CLIENTS = st.integers(0, MAX_SAFE_INTEGER)
CLOCKS = st.integers(0, 2**31 - 1)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.just(undefined),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def written(write: Callable[[bytearray, Any], None], value: Any) -> Reader:
    out = bytearray()
    write(out, value)
    return Reader(bytes(out))


@given(st.integers(0, MAX_SAFE_INTEGER))
def test_unsigned_integers(value: int) -> None:
    """[PR1] an unsigned integer comes back, and takes its bytes exactly."""
    reader = written(write_varuint, value)
    assert reader.varuint() == value
    reader.expect_end()


@given(st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER))
def test_signed_integers(value: int) -> None:
    """[PR2] a signed integer comes back."""
    reader = written(write_varint, value)
    assert reader.varint() == value
    reader.expect_end()


def test_known_spellings() -> None:
    """[PR1] [PR2] integers as lib0 writes them."""
    assert written(write_varuint, 300).data == b"\xac\x02"
    assert written(write_varint, -1).data == b"\x41"
    assert written(write_varint, -64).data == b"\xc0\x01"
    assert written(write_varint, 63).data == b"\x3f"


def test_bounds() -> None:
    """[PR1] a place may set a lower bound; the value read is told."""
    assert Reader(b"\x05").varuint(5) == 5
    with pytest.raises(ProtocolError, match="integer 6 at byte 0 is over 5"):
        Reader(b"\x06").varuint(5)
    with pytest.raises(ProtocolError, match="over 9007199254740991"):
        written(write_varuint, 2**53).varuint()


@pytest.mark.parametrize("length", [11, 12, 100])
def test_long_integers(length: int) -> None:
    """[PR1] [PR2] integers have at most ten bytes."""
    for data in (build.long_varuint(length), b"\xff" * length):
        with pytest.raises(ProtocolError, match="over 10 bytes"):
            Reader(data).varuint()
        with pytest.raises(ProtocolError, match="over 10 bytes"):
            Reader(data).varint()
    assert Reader(build.long_varuint(10)).varuint() == 1
    assert Reader(build.long_varuint(10)).varint() == 1


def test_large_signed_integers() -> None:
    """[PR2] signed integers are bounded, too."""
    with pytest.raises(ProtocolError, match="is over"):
        written(write_varint, -(2**53) - 1).varint()


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff\xff"])
def test_cut_integers(data: bytes) -> None:
    """[PR1] [PR2] integers end within the message."""
    with pytest.raises(ProtocolError, match="end within"):
        Reader(data).varuint()
    with pytest.raises(ProtocolError, match="end within"):
        Reader(data).varint()


def test_failed_reads_stay_in_place() -> None:
    """[PR1] the position told is where the value starts."""
    reader = Reader(b"\x01\x80")
    reader.varuint()
    with pytest.raises(ProtocolError, match="2 bytes end within the value at byte 1"):
        reader.varuint()
    assert (reader.pos, reader.remaining) == (1, 1)


def test_byte_strings() -> None:
    """[PR3] byte strings end within the message, and may be limited."""
    assert written(write_bytes, b"abc").bytes_(3) == b"abc"
    with pytest.raises(LimitExceeded, match="3 bytes at byte 1, at most 2"):
        written(write_bytes, b"abc").bytes_(2)
    for read in (Reader.bytes_, Reader.skip_bytes):
        with pytest.raises(ProtocolError, match="end within"):
            read(Reader(b"\x04abc"))
    skipped = Reader(b"\x02abc")
    skipped.skip_bytes()
    assert skipped.uint8() == ord("c")


@given(st.text())
def test_texts(text: str) -> None:
    """[PR3] a text comes back."""
    assert written(write_string, text).string() == text


@given(st.binary(max_size=20))
def test_broken_texts(data: bytes) -> None:
    """[PR3] a text is strict UTF-8 or refused."""
    try:
        expected = data.decode()
    except UnicodeDecodeError:
        with pytest.raises(ProtocolError, match="not UTF-8"):
            written(write_bytes, data).string()
    else:
        assert written(write_bytes, data).string() == expected


@given(VALUES)
def test_values(value: Any) -> None:
    """[PR13] [PR12] a value comes back."""
    reader = written(write_any, value)
    assert read_any(reader) == value
    reader.expect_end()


def test_special_values() -> None:
    """[PR13] floats of both widths, NaN, negative zero and the ends of integers."""
    assert math.isnan(read_any(written(write_any, math.nan)))
    assert read_any(Reader(b"\x7c\x3f\xc0\x00\x00")) == 1.5
    assert read_any(Reader(b"\x7d\x40")) == 0
    assert read_any(written(write_any, 2**53)) == 2**53
    assert written(write_any, 2**53).data[0] == 122
    assert isinstance(read_any(Reader(b"\x7f")), Undefined)
    assert repr(undefined) == "undefined"
    with pytest.raises(TypeError, match="complex has no lib0 encoding"):
        write_any(bytearray(), 1j)


@given(st.dictionaries(CLIENTS, CLOCKS, max_size=8))
def test_state_vectors(clocks: dict[int, int]) -> None:
    """[PR8] [PR12] a state vector comes back, whatever the order of clients."""
    data = encode_state_vector(clocks)
    assert decode_state_vector(data) == clocks
    assert decode_state_vector(build.state_vector(clocks.items())) == clocks
    assert data == build.state_vector(sorted(clocks.items(), reverse=True))


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (build.state_vector([(1, 2), (1, 3)]), "client 1 twice"),
        (build.state_vector([(2**53, 2)]), "is over"),
        (build.state_vector([(1, 2**31)]), "is over"),
        (build.state_vector([(1, 1)]) + b"\x00", "bytes too many"),
        (build.state_vector([(1, 1)])[:-1], "end within"),
        (b"\x05\x00", "elements announced"),
        (b"", "end within"),
    ],
)
def test_malformed_state_vectors(data: bytes, because: str) -> None:
    """[PR8] [PR5] [PR4] what no state vector is."""
    with pytest.raises(ProtocolError, match=because):
        decode_state_vector(data)


@given(
    st.dictionaries(
        CLIENTS, st.lists(st.integers(1, 2**20), min_size=2, max_size=8, unique=True), max_size=5
    )
)
def test_delete_sets(bounds: dict[int, list[int]]) -> None:
    """[PR9] [PR12] a delete set comes back."""
    deletes = {
        client: tuple(zip(ends[0::2], ends[1::2], strict=False))
        for client, ends in ((client, sorted(ends)) for client, ends in bounds.items())
    }
    data = encode_delete_set(deletes)
    assert decode_delete_set(data) == deletes
    assert encode_delete_set({**deletes, 2**53: ()}) == data


@given(st.data())
def test_delete_sets_in_pieces(data: st.DataObject) -> None:
    """[PR9] read a few ranges at a time, a delete set holds the same."""
    starts = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=9)
    clients = data.draw(st.lists(st.tuples(st.integers(0, 9), starts), max_size=4))
    sections = []
    for client, steps in clients:
        ranges, at = [], 0
        for gap, length in steps:  # some touch
            ranges.append((at + gap, length))
            at += gap + length
        sections.append((client, ranges))
    encoded = build.delete_set(sections)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delete_set, "PIECE", data.draw(st.integers(1, 4)))
        try:
            found: dict[int, Ranges] = {}
            for client, ranges_ in delete_set.delete_set_pieces(encoded):
                found[client] = (*found.get(client, ()), *ranges_)
        except ProtocolError:
            with pytest.raises(ProtocolError, match="twice"):
                decode_delete_set(encoded)
        else:
            assert found == decode_delete_set(encoded)


def test_malformed_delete_sets() -> None:
    """[PR9] [PR5] what no delete set is."""
    with pytest.raises(ProtocolError, match="bytes too many"):
        decode_delete_set(b"\x00\x00")
    with pytest.raises(ProtocolError, match="out of order"):
        decode_delete_set(build.delete_set([(1, [(3, 1), (0, 1)])]))


@given(st.binary(max_size=100))
@pytest.mark.parametrize(
    "decode",
    [
        decode_state_vector,
        decode_delete_set,
        validate_update,
        stored_facts,
        root_kinds,
        repaired,
        without_split_pairs,
        lambda data: read_any(Reader(data)),
        lambda data: parse_json(data.decode("latin-1")),
    ],
)
def test_any_bytes(decode: Callable[[bytes], object], data: bytes) -> None:
    """[PR11] any bytes decode or raise ProtocolError."""
    try:
        decode(data)
    except ProtocolError:
        return
