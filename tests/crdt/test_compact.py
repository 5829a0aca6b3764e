"""Compaction: nothing shown is lost, nothing deleted stays, nothing unplaced is dropped."""

from __future__ import annotations

from random import Random

import pycrdt
import pytest

from collab.crdt import operations
from collab.crdt.digest import digest
from collab.crdt.operations import compact, load
from collab.crdt.updates import EMPTY_STATE, EMPTY_UPDATE, NO_STRUCTS, merge, missing, state_of
from collab.errors import DocumentUnreadable, WorkerError
from collab.interfaces import Compacted
from collab.protocol.delete_set import decode_delete_set
from collab.protocol.roots import root_kinds
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import validate_update
from tests.crdt.histories import Replica, history, loaded, shown
from tests.crdt.test_updates import keystrokes

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_history_keeps_content_and_state(seed: int) -> None:
    """[WK4] the result reloads equal in content and state vector, for any order and repeats."""
    random = Random(seed)
    updates = history(seed)
    random.shuffle(updates)
    updates += random.sample(updates, len(updates) // 4)
    result = compact(updates)
    merged = merge(updates)
    assert shown(loaded(result.data)) == shown(loaded(merged))
    assert decode_state_vector(result.state_vector) == decode_state_vector(state_of(merged))
    assert _vector_of(result.data) == _vector_of(merged)
    _describes_itself(result)


@pytest.mark.parametrize("seed", SEEDS)
def test_compacting_again_changes_nothing(seed: int) -> None:
    """[WK4] compaction is idempotent, byte for byte."""
    once = compact(history(seed))
    assert compact([once.data]) == once


@pytest.mark.parametrize("seed", SEEDS)
def test_updates_that_were_late_find_their_place(seed: int) -> None:
    """[WK5] with any of the updates missing, nothing is dropped: once they come, the document
    equals that of all updates."""
    random = Random(seed)
    updates = history(seed)
    late = random.sample(updates, len(updates) // 3)
    early = [update for update in updates if update not in late]
    result = compact(early)
    _describes_itself(result)
    whole = merge([result.data, *late])
    assert shown(loaded(whole)) == shown(loaded(merge(updates)))
    assert _vector_of(whole) == _vector_of(merge(updates))
    assert compact([result.data]) == result


@pytest.mark.parametrize("seed", SEEDS)
def test_later_edits_converge_on_either_base(seed: int) -> None:
    """[WK4] replicas that edited on the uncompacted document end equal to those that loaded
    the compacted one. (Loaded anew to compare: a live document of the library that formats
    text while it receives does not converge with itself.)"""
    updates = history(seed)
    merged, compacted = merge(updates), compact(updates).data
    old, new = Replica(900, seed), Replica(901, seed + 1)
    old.receive(merged)
    new.receive(compacted)
    for _ in range(15):
        old.edit()
        new.edit()
    later = old.updates + new.updates
    on_old = loaded(merge([merged, *later]))
    on_new = loaded(merge([compacted, *later]))
    assert shown(on_old) == shown(on_new)
    assert decode_state_vector(on_old.get_state()) == decode_state_vector(on_new.get_state())
    for base, replica in ((merged, old), (compacted, new)):
        held = merge([base, *replica.updates])
        answer = missing(merge([compacted, *later]), state_of(held))
        assert shown(loaded(merge([held, answer]))) == shown(on_new)


def test_deleted_text_is_gone() -> None:
    """[WK6] deleted content leaves the bytes, and its place in the delete set stays."""
    replica = Replica(7, 0)
    text = replica.document.get("text", type=pycrdt.Text)
    text.insert(0, "keep SECRET-" + "padding " * 500)
    del text[5:]
    merged = merge(replica.updates)
    assert b"SECRET" in merged
    result = compact(replica.updates)
    assert b"SECRET" not in result.data
    assert b"padding" not in result.data
    assert len(result.data) < len(merged) / 50
    assert decode_delete_set(result.delete_set) == {7: ((5, 4012),)}
    assert str(loaded(result.data).get("text", type=pycrdt.Text)) == "keep "


def test_a_deleted_tree_is_gone() -> None:
    """[WK6] what hangs under a deleted element goes with it."""
    replica = Replica(7, 0)
    children = replica.document.get("xml", type=pycrdt.XmlFragment).children
    children.append(pycrdt.XmlElement("q", {"key": "SECRET"}, [pycrdt.XmlText("HIDDEN" * 100)]))
    children.append(pycrdt.XmlElement("p", {}, [pycrdt.XmlText("kept")]))
    del children[0]
    data = compact(replica.updates).data
    assert b"SECRET" not in data
    assert b"HIDDEN" not in data
    assert str(loaded(data).get("xml", type=pycrdt.XmlFragment)) == "<p>kept</p>"


def test_a_deletion_that_was_undone_stays_undone() -> None:
    """[WK4] content that an undo brought back is kept."""
    replica = Replica(7, 0)
    text = replica.document.get("text", type=pycrdt.Text)
    undo = pycrdt.UndoManager(scopes=[text], capture_timeout_millis=0)
    text.insert(0, "one two three")
    del text[4:8]
    assert undo.undo()
    text.insert(0, "zero ")
    result = compact(replica.updates)
    assert str(loaded(result.data).get("text", type=pycrdt.Text)) == "zero one two three"


def test_structs_out_of_order_are_kept() -> None:
    """[WK5] structs behind a gap, which a document drops when it is written out, are kept."""
    updates = keystrokes(6)
    result = compact([updates[0], updates[1], updates[4], updates[5]])
    assert validate_update(result.data).structs == {7: ((0, 2), (4, 6))}
    assert decode_state_vector(result.state_vector) == {7: 2}
    assert not result.gapless
    whole = loaded(merge([result.data, updates[2], updates[3]]))
    assert str(whole.get("content", type=pycrdt.Text)) == "xxxxxx"


def test_deletes_of_unseen_structs_are_kept() -> None:
    """[WK5] a delete that came before what it deletes is kept, and takes effect later."""
    updates = keystrokes(3)
    delete_last = b"\x00\x01\x07\x01\x02\x01"
    result = compact([updates[0], delete_last])
    assert decode_delete_set(result.delete_set) == {7: ((2, 3),)}
    whole = loaded(merge([result.data, updates[1], updates[2]]))
    assert str(whole.get("content", type=pycrdt.Text)) == "xx"


def test_structs_that_wait_for_another_client_are_kept() -> None:
    """[WK5] structs whose origin was never seen are kept, and count as held."""
    first, second = Replica(7, 0), Replica(8, 0)
    first.document.get("text", type=pycrdt.Text).insert(0, "ab")
    second.receive(*first.updates)
    second.document.get("text", type=pycrdt.Text).insert(2, "cd")
    result = compact(second.updates)
    assert decode_state_vector(result.state_vector) == {8: 2}
    assert decode_state_vector(load(result.data).get_state()) == {}
    whole = loaded(merge([result.data, *first.updates]))
    assert str(whole.get("text", type=pycrdt.Text)) == "abcd"


def test_nothing_compacts_to_the_empty_update() -> None:
    """[WK4] a document without updates stays one."""
    assert compact([]) == Compacted(EMPTY_UPDATE, EMPTY_STATE, b"\x00", gapless=True)


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\xff" * 40])
def test_garbage_is_refused(garbage: bytes) -> None:
    """[WK3] bytes that cannot be read raise DocumentUnreadable."""
    with pytest.raises(DocumentUnreadable):
        compact([keystrokes(1)[0], garbage])


def test_a_result_that_differs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """[WK7] if the library lost content on the way, the result is not given out."""

    def forgetful(update: bytes, *, collect: bool = True) -> pycrdt.Doc[pycrdt.Text]:
        document = load(update, collect=collect)
        if collect:
            del document.get("content", type=pycrdt.Text)[0:1]
        return document

    monkeypatch.setattr(operations, "load", forgetful)
    with pytest.raises(WorkerError, match="would change the content"):
        compact(keystrokes(5))


def test_a_result_with_other_clocks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """[WK7] if structs were lost on the way, the result is not given out."""
    updates = keystrokes(5)
    monkeypatch.setattr(operations, "_with_waiting", lambda data, waiting: updates[0])
    with pytest.raises(WorkerError, match="which edits"):
        compact(updates)


@pytest.mark.parametrize("depth", [100, 20_000])
def test_deeply_nested_documents_can_be_compacted(depth: int) -> None:
    """[WK8] depth grows update by update, past any limit on one: it must not stop compaction."""
    updates = nested(depth)
    result = compact(updates)
    assert decode_state_vector(result.state_vector) == {7: depth}


def nested(depth: int) -> list[bytes]:
    """Elements `p`, each inside the one before, under the fragment `default`."""
    varint = pycrdt.write_var_uint
    head, tail = b"\x01\x01\x07", b"\x03\x01p\x00"
    updates = [head + b"\x00\x07\x01\x07default" + tail]
    for clock in range(1, depth):
        parent = b"\x07\x00\x07" + varint(clock - 1)
        updates.append(head + varint(clock) + parent + tail)
    return updates


def test_the_digest_tells_documents_apart() -> None:
    """[WK7] content, formatting, attributes, nesting and order all count."""
    merged = [merge(history(seed, edits=6)) for seed in range(30)]
    digests = [digest(loaded(update), root_kinds(update)) for update in merged]
    contents = [shown(loaded(update)) for update in merged]
    for left in range(30):
        for right in range(left):
            same = contents[left] == contents[right]
            assert (digests[left] == digests[right]) == same


def _vector_of(update: bytes) -> dict[int, int]:
    """What a document that loads `update` has integrated."""
    return dict(decode_state_vector(loaded(update).get_state()))


def _describes_itself(result: Compacted) -> None:
    facts = validate_update(result.data)
    assert decode_delete_set(result.delete_set) == facts.deletes
    assert decode_state_vector(result.state_vector) == {
        client: ranges[0][1] for client, ranges in facts.structs.items() if ranges[0][0] == 0
    }
    beyond = missing(result.data, result.state_vector)
    assert result.gapless == (not validate_update(beyond).structs)
    if result.gapless:
        assert validate_update(beyond) == validate_update(NO_STRUCTS + result.delete_set)
