"""The load generator's own logic: frames, wires, and edits counted one by one."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest
from websockets.frames import Frame, Opcode

from benchmarks.load.documents import document
from benchmarks.load.edits import Progress, ranges_of, typed
from benchmarks.load.frames import BINARY, client_frame, frame_end, frames, server_frame
from benchmarks.load.wires import COLLAB, COLLAB_HOCUSPOCUS, EMPTY_STATE, EMPTY_UPDATE, Kind
from collab.protocol import yjs
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.messages import (
    AwarenessUpdate,
    Denied,
    Message,
    SyncStep1,
    SyncStep2,
    Update,
)

SIZES = (0, 1, 125, 126, 65535, 65536, 70000)


@pytest.mark.parametrize("size", SIZES)
def test_frames_are_those_of_a_library(size: int) -> None:
    payload = bytes(size)
    assert server_frame(payload) == Frame(Opcode.BINARY, payload).serialize(mask=False)
    # Of what is masked the key is chosen freely, and nothing else.
    theirs = Frame(Opcode.BINARY, payload).serialize(mask=True)
    ours = client_frame(payload)
    assert len(ours) == len(theirs)
    assert ours[: len(ours) - size - 4] == theirs[: len(theirs) - size - 4]


@pytest.mark.parametrize("make", [client_frame, server_frame])
def test_whole_frames_are_read_and_the_rest_is_left(make: Any) -> None:
    whole = [make(bytes([n]) * size) for n, size in enumerate(SIZES)]
    data = b"".join(whole)
    ends = [end for _, _, end in frames(data)]
    assert ends[-1] == len(data)
    assert [payload for _, payload, _ in frames(data)] == [
        bytes([n]) * size for n, size in enumerate(SIZES)
    ]
    for cut in (1, 2, 5, len(whole[-1]) - 1):
        assert [end for _, _, end in frames(data[:-cut])] == ends[:-1]


def test_the_end_of_a_frame_is_known_from_its_head() -> None:
    frame = server_frame(bytes(70000))
    assert frame_end(frame[:9], 0) == (0, 0)
    assert frame_end(frame[:10], 0) == (10, len(frame))


def test_messages_in_pieces_are_not_passed_over() -> None:
    with pytest.raises(ValueError, match="in pieces"):
        list(frames(bytes([BINARY, 0])))


def test_typed_edits_are_those_of_a_client() -> None:
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=4711)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    text = doc.get("content", type=pycrdt.Text)
    for _ in range(300):
        text += "x"
    doc.unobserve(subscription)
    assert typed(4711, 300) == made


def test_edits_are_counted_however_they_are_merged() -> None:
    edits = typed(1, 10)
    progress = Progress()
    progress.take(ranges_of(edits[0]))
    progress.take(ranges_of(pycrdt.merge_updates(*edits[1:5])))
    assert progress.count == 5
    progress.take(ranges_of(pycrdt.merge_updates(*edits[3:8], *typed(2, 3))))
    assert progress.count == 11
    assert progress.seen == {1: 8, 2: 3}


def test_what_came_before_counts_once() -> None:
    progress = Progress()
    heard: list[tuple[int, int, int]] = []
    progress.on_new = lambda *new: heard.append(new)
    for _ in range(2):
        progress.take(ranges_of(pycrdt.merge_updates(*typed(1, 4))))
    assert progress.count == 4
    assert heard == [(1, 0, 4)]


def test_a_missing_edit_is_found_out() -> None:
    edits = typed(1, 3)
    progress = Progress()
    progress.take(ranges_of(edits[0]))
    with pytest.raises(ValueError, match="edits 1 to 2 of client 1"):
        progress.take(ranges_of(edits[2]))


@pytest.mark.parametrize(
    ("message", "kind", "data"),
    [
        (SyncStep1(EMPTY_STATE), Kind.STEP_1, EMPTY_STATE),
        (SyncStep2(EMPTY_UPDATE), Kind.STEP_2, EMPTY_UPDATE),
        (Update(EMPTY_UPDATE), Kind.UPDATE, EMPTY_UPDATE),
        (AwarenessUpdate((AwarenessEntry(1, 1, "{}"),)), Kind.AWARENESS, b""),
        (Denied("no"), Kind.DENIED, b""),
    ],
)
def test_what_servers_say_is_understood(message: Message, kind: Kind, data: bytes) -> None:
    assert COLLAB.read(yjs.encode(message)) == (kind, data)
    addressed = COLLAB_HOCUSPOCUS.prefix("room") + yjs.encode(message)
    if kind is not Kind.DENIED:
        assert COLLAB_HOCUSPOCUS.read(addressed) == (kind, data)


def test_what_only_hocuspocus_says_is_understood() -> None:
    prefix = COLLAB_HOCUSPOCUS.prefix("room")
    assert COLLAB_HOCUSPOCUS.read(b"\x09") == (Kind.PING, b"\x0a")
    assert COLLAB_HOCUSPOCUS.read(prefix + b"\x08\x01") == (Kind.RECEIPT, b"")
    assert COLLAB_HOCUSPOCUS.read(prefix + b"\x02\x01\x02no") == (Kind.DENIED, b"")
    assert COLLAB_HOCUSPOCUS.read(prefix + b"\x02\x02\x0aread-write") == (Kind.OTHER, b"")


def test_clients_begin_as_yjs_clients_do() -> None:
    ((_, hello, _),) = frames(COLLAB.hello("room", EMPTY_STATE))
    assert yjs.decode(hello) == SyncStep1(EMPTY_STATE)
    token, question = (payload for _, payload, _ in frames(COLLAB_HOCUSPOCUS.hello("r", b"\0")))
    assert token == b"\x01r\x02\x00\x00\x054.8.0"
    assert question == b"\x01r" + hello
    ((_, update, _),) = frames(COLLAB.update("room", EMPTY_UPDATE))
    assert yjs.decode(update) == Update(EMPTY_UPDATE)


def test_a_document_is_made_of_parts_that_stand_alone() -> None:
    first, second = document(220_000)
    assert document(220_000) == [first, second]
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(second)
    assert len(doc.get("default", type=pycrdt.XmlFragment).children) > 10
    assert 100_000 < len(first) < 130_000
