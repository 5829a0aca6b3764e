"""Nothing that a real editor writes is refused, and it is read as Yjs reads it."""

from __future__ import annotations

import json
import random

import pytest

from collab.crdt.operations import compact
from collab.crdt.tree import read_tree
from collab.crdt.updates import merge, state_of
from collab.errors import ProtocolError
from collab.interfaces import Kind
from collab.protocol.awareness import decode_awareness
from collab.protocol.ranges import Ranges
from collab.protocol.state_vector import decode_state_vector, encode_state_vector
from collab.protocol.update import UpdateFacts, validate_update
from tests.interop.recordings import EDITORS, SEED, recording

UNDO_SEED = 22
"""A session in which undo put an item between another and itself."""

pytestmark = pytest.mark.node


def validated(source: str, data: bytes) -> UpdateFacts:
    try:
        return validate_update(data)
    except ProtocolError as error:
        raise AssertionError(f"{source}: {error}: {data.hex()[:2000]}") from error


def covers(outer: Ranges, inner: Ranges) -> bool:
    return all(any(a <= start and end <= b for a, b in outer) for start, end in inner)


@pytest.mark.parametrize("editor", EDITORS)
def test_every_recorded_update_is_valid_and_read_as_yjs_reads_it(editor: str) -> None:
    """[UP25] [UP26] whatever editors write is accepted."""
    updates = recording(editor).updates
    assert len(updates) >= 300
    for update in updates:
        facts = validated(update.source, update.data)
        assert {c: r for c, r in facts.structs.items() if r} == {
            c: r for c, r in update.structs.items() if r
        }, update.source
        assert facts.deletes == update.deletes, update.source


@pytest.mark.parametrize("editor", EDITORS)
def test_merges_of_recorded_updates_are_valid_in_any_order(editor: str) -> None:
    """[UP26] [WK1] so are merges of it."""
    chance = random.Random(SEED)
    local = recording(editor).data("local")
    assert len(local) >= 100
    for _ in range(100):
        some = chance.sample(local, chance.randrange(2, 40))
        facts = validated(f"{editor}, merged by the library", merge(some))
        held = {client for data in some for client in validated(editor, data).structs}
        assert set(facts.structs) == held
    whole = validated(editor, merge(chance.sample(local, len(local))))
    full = validated(editor, recording(editor).data("full")[0])
    if editor != "raw":  # which records two pairs of documents, one after the other
        assert whole.structs == full.structs
        # A replica also deletes by itself, such as what came in below something deleted.
        assert all(covers(full.deletes[c], ranges) for c, ranges in whole.deletes.items())


@pytest.mark.parametrize("editor", EDITORS)
def test_state_vectors_are_those_of_yjs(editor: str) -> None:
    """[PR8] [WK2] as bytes and as read from updates."""
    for data, clocks in recording(editor).state_vectors:
        assert decode_state_vector(data) == clocks
        assert decode_state_vector(encode_state_vector(clocks)) == clocks
    for update in recording(editor).updates:
        if not update.source.endswith("/full"):
            continue
        assert decode_state_vector(state_of(update.data)) == update.state_vector


def test_what_undo_writes_is_accepted_and_converges() -> None:
    """[UP17] [WK4] items between another and itself, in any order of arrival."""
    session = recording("undo", UNDO_SEED)
    local = [update for update in session.updates if update.source == "undo/local"]
    assert sum(update.closed for update in local) > 0
    for update in session.updates:
        facts = validated(update.source, update.data)
        assert facts.deletes == update.deletes
    (document,) = session.documents
    shown = read_tree(document.data, document.root, Kind.NOTE)
    updates = [update.data for update in local]
    random.Random(SEED).shuffle(updates)
    assert read_tree(merge(updates), document.root, Kind.NOTE) == shown
    assert read_tree(compact(updates).data, document.root, Kind.NOTE) == shown


@pytest.mark.parametrize("editor", ["prosemirror", "codemirror"])
def test_recorded_presence_is_read_as_it_was_shown(editor: str) -> None:
    """[AW1] carets and names of editors are states."""
    messages = recording(editor).awareness
    assert len(messages) >= 20
    for data, states in messages:
        decoded = {entry.client: entry.state for entry in decode_awareness(data)}
        assert decoded.keys() <= states.keys()
        for client, state in decoded.items():
            assert state is not None
            assert json.loads(state) == states[client]
