"""The bytes between pool and child."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.crdt import calls
from collab.crdt.frames import (
    MAX_BYTES,
    MAX_PARTS,
    Frame,
    FrameError,
    in_chunks,
    pack_head,
    read_frame,
    unpack_head,
    unpack_lengths,
    write_frame,
)
from collab.interfaces import Compacted, Format, Kind
from collab.protocol.update import Ranges, UpdateFacts

PARTS = st.lists(st.binary(max_size=40), max_size=6)
CLOCKS = st.integers(0, 2**31)
RANGES = st.lists(st.tuples(CLOCKS, CLOCKS), max_size=3).map(tuple)
CLIENTS = st.dictionaries(st.integers(0, 2**53 - 1), RANGES, max_size=4)
NEEDS = st.dictionaries(st.integers(0, 2**53 - 1), st.integers(0, 2**31), max_size=4)


@given(st.integers(0, 2**64 - 1), PARTS)
def test_frames_come_back(number: int, parts: list[bytes]) -> None:
    """[WK16] a frame is read as it was written, and then the stream is at its end."""
    stream = BytesIO()
    write_frame(stream, Frame(number, tuple(parts)))
    stream.seek(0)
    assert read_frame(stream) == Frame(number, tuple(parts))
    assert read_frame(stream) is None


def test_a_cut_frame_is_an_error() -> None:
    """[WK16] an end anywhere within a frame is told from an end between frames."""
    stream = BytesIO()
    write_frame(stream, Frame(1, (b"ab", b"", b"c")))
    whole = stream.getvalue()
    for end in range(1, len(whole)):
        with pytest.raises(FrameError):
            read_frame(BytesIO(whole[:end]))


def test_senseless_sizes_are_refused() -> None:
    """[WK16] a child that says absurd sizes makes us allocate nothing."""
    with pytest.raises(FrameError):
        unpack_head(pack_head(1, ())[:8] + (MAX_PARTS + 1).to_bytes(4, "little"))
    with pytest.raises(FrameError):
        unpack_lengths((MAX_BYTES + 1).to_bytes(8, "little"))


@given(st.lists(st.binary(max_size=30), max_size=12), st.integers(1, 20))
def test_chunks_are_the_same_bytes(buffers: list[bytes], size: int) -> None:
    """[WK19] small buffers are joined and large ones cut, and nothing is lost."""
    chunks = [bytes(chunk) for chunk in in_chunks(buffers, size)]
    assert b"".join(chunks) == b"".join(buffers)
    assert all(0 < len(chunk) < 2 * size for chunk in chunks)


@given(CLIENTS, CLIENTS, st.integers(0, 2**40), NEEDS)
def test_facts_come_back(
    structs: dict[int, Ranges], deletes: dict[int, Ranges], count: int, needs: dict[int, int]
) -> None:
    """[WK9] the facts of an update survive the pipe."""
    facts = UpdateFacts(structs, deletes, count, needs)
    assert calls.unpack_facts(calls.pack_facts(facts)) == facts


@given(st.binary(), st.text(st.characters()), st.sampled_from(Kind), st.sampled_from(Format))
def test_render_arguments_come_back(update: bytes, root: str, kind: Kind, form: Format) -> None:
    """[WK10] any name survives the pipe, half a surrogate pair included."""
    packed = calls.pack_render(update, root, kind, form, root[::-1])
    assert calls.unpack_render(packed) == (update, root, kind, form, root[::-1])


@pytest.mark.parametrize("gapless", [True, False])
def test_a_compacted_document_comes_back(gapless: bool) -> None:
    """[WK4] the four parts keep their places."""
    compacted = Compacted(b"data", b"vector", b"deletes", gapless)
    assert calls.unpack_compacted(calls.pack_compacted(compacted)) == compacted
