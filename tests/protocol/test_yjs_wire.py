"""The y-websocket wire, against the frames in vectors.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.messages import (
    AwarenessUpdate,
    Denied,
    Message,
    QueryAwareness,
    Receipt,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from collab.protocol.state_vector import encode_state_vector
from collab.protocol.yjs import MAX_REASON, MAX_STATUS, decode, encode

from .test_encoding import CLIENTS, CLOCKS

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "vectors.json").read_text()
)

ENTRIES = st.builds(
    AwarenessEntry,
    CLIENTS,
    CLOCKS,
    st.none() | st.dictionaries(st.text(), st.text()).map(json.dumps),
)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.dictionaries(CLIENTS, CLOCKS).map(lambda clocks: SyncStep1(encode_state_vector(clocks))),
    st.binary().map(SyncStep2),
    st.binary().map(Update),
    st.lists(ENTRIES, unique_by=lambda entry: entry.client).map(
        lambda entries: AwarenessUpdate(tuple(entries))
    ),
    st.just(QueryAwareness()),
    st.text(max_size=50).map(Denied),
    st.binary(max_size=MAX_STATUS).map(SyncStatus),
)


def as_json(message: Message) -> dict[str, Any]:
    """A message as vectors.json has it."""
    match message:
        case SyncStep1(state_vector):
            return {"type": "sync-step-1", "stateVector": state_vector.hex()}
        case SyncStep2(update):
            return {"type": "sync-step-2", "update": update.hex()}
        case Update(update):
            return {"type": "update", "update": update.hex()}
        case AwarenessUpdate(entries):
            states = [{"client": e.client, "clock": e.clock, "state": e.state} for e in entries]
            return {"type": "awareness", "entries": states}
        case QueryAwareness():
            return {"type": "query-awareness"}
        case Denied(reason):
            return {"type": "denied", "reason": reason}
        case SyncStatus(payload):
            return {"type": "sync-status", "payload": payload.hex()}
        case Receipt() | Stateless():
            raise AssertionError("not on this wire")
        case _:
            assert_never(message)


@pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda vector: str(vector["name"]))
def test_frames(vector: dict[str, Any]) -> None:
    """[PR6] [PR7] [PR12] frames and messages correspond."""
    frame = bytes.fromhex(vector["frame"])
    message = decode(frame)
    assert as_json(message) == vector["message"]
    assert encode(message) == frame


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: str(vector["name"]))
def test_malformed_frames(vector: dict[str, Any]) -> None:
    """[PR5] [PR6] [PR7] what is not exactly one well-formed message is refused."""
    with pytest.raises(ProtocolError):
        decode(bytes.fromhex(vector["frame"]))


@given(MESSAGES)
def test_messages_come_back(message: Message) -> None:
    """[PR12] an encoded message decodes to an equal one."""
    assert decode(encode(message)) == message


@given(MESSAGES, st.binary(min_size=1, max_size=5))
def test_bytes_after_a_message(message: Message, tail: bytes) -> None:
    """[PR5] a frame holds one message and nothing else."""
    with pytest.raises(ProtocolError, match="too many"):
        decode(encode(message) + tail)


@given(MESSAGES, st.data())
def test_cut_frames(message: Message, data: st.DataObject) -> None:
    """[PR3] a frame cut short anywhere is refused."""
    frame = encode(message)
    with pytest.raises(ProtocolError):
        decode(frame[: data.draw(st.integers(0, len(frame) - 1))])


@given(st.binary(max_size=100))
def test_any_bytes(frame: bytes) -> None:
    """[PR11] any bytes decode to a message or raise ProtocolError."""
    try:
        message = decode(frame)
    except ProtocolError:
        return
    assert decode(encode(message)) == message


def test_limits() -> None:
    """[PR10] payloads of sync status and reasons are limited."""
    assert decode(encode(SyncStatus(bytes(MAX_STATUS)))) == SyncStatus(bytes(64))
    with pytest.raises(LimitExceeded):
        decode(encode(SyncStatus(bytes(MAX_STATUS + 1))))
    assert decode(encode(Denied("x" * MAX_REASON))) == Denied("x" * 1024)
    with pytest.raises(LimitExceeded):
        decode(encode(Denied("x" * (MAX_REASON + 1))))
