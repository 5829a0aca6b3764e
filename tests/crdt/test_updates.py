"""Merging, comparing and reading encoded updates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from time import perf_counter

import pycrdt
import pytest

from collab.crdt.updates import (
    EMPTY_STATE,
    EMPTY_UPDATE,
    MERGE_WIDTH,
    library_guard,
    merge,
    missing,
    state_of,
)
from collab.errors import CollabError, DocumentUnreadable
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import validate_update
from tests.crdt.histories import history, loaded, shown


def keystrokes(count: int, client: int = 7) -> list[bytes]:
    """Updates of single characters typed one after the other into the text `content`."""
    first = _varint(client)
    updates = [b"\x01\x01" + first + b"\x00\x04\x01\x07content\x01x\x00"]
    for clock in range(1, count):
        origin = first + _varint(clock - 1)
        updates.append(b"\x01\x01" + first + _varint(clock) + b"\x84" + origin + b"\x01x\x00")
    return updates


def _varint(number: int) -> bytes:
    return pycrdt.write_var_uint(number)


def test_nothing_merged_is_the_empty_update() -> None:
    """[WK1] no updates merge to the empty update."""
    assert merge([]) == EMPTY_UPDATE
    assert state_of(EMPTY_UPDATE) == EMPTY_STATE
    assert merge([EMPTY_UPDATE, EMPTY_UPDATE]) == EMPTY_UPDATE


def test_a_single_update_is_itself() -> None:
    """[WK1] one update merges to itself, byte for byte."""
    (update,) = keystrokes(1)
    assert merge([update]) is update


@pytest.mark.parametrize("seed", range(20))
def test_a_merge_in_a_tree_of_calls_equals_one_call(seed: int) -> None:
    """[WK1] what is merged in many calls equals what one call merges, in any order, with
    repeats and with gaps."""
    random = Random(seed)
    updates = history(seed, edits=MERGE_WIDTH * 4)
    random.shuffle(updates)
    updates = updates[: random.randrange(MERGE_WIDTH + 1, len(updates))]
    updates += random.sample(updates, 10)
    tree, flat = merge(updates), pycrdt.merge_updates(*updates)
    assert validate_update(tree).structs == validate_update(flat).structs
    assert validate_update(tree).deletes == validate_update(flat).deletes
    assert decode_state_vector(state_of(tree)) == decode_state_vector(state_of(flat))
    assert shown(loaded(tree)) == shown(loaded(flat))


def test_sixty_thousand_keystrokes_merge_quickly() -> None:
    """[WK1] merging grows in proportion to the updates, not to their square."""
    updates = keystrokes(60_000)
    started = perf_counter()
    merged = merge(updates)
    took = perf_counter() - started
    assert str(loaded(merged).get("content", type=pycrdt.Text)) == "x" * 60_000
    assert took < 5, "one call over all of them takes more than 15 s"


def test_missing_leaves_out_what_a_replica_has() -> None:
    """[WK2] a replica with the first updates gets the others."""
    updates = keystrokes(10)
    replica = loaded(merge(updates[:4]))
    rest = missing(merge(updates), replica.get_state())
    assert validate_update(rest).structs == {7: ((4, 10),)}
    replica.apply_update(rest)
    assert str(replica.get("content", type=pycrdt.Text)) == "x" * 10


def test_missing_keeps_the_delete_set() -> None:
    """[WK2] deletes have no clock of their own: all of them are sent."""
    document: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=7)
    text = document.get("content", type=pycrdt.Text)
    text.insert(0, "abc")
    del text[1:2]
    rest = missing(document.get_update(), document.get_state())
    assert validate_update(rest).structs == {}
    assert validate_update(rest).deletes == {7: ((1, 2),)}


def test_a_state_ends_at_the_first_gap() -> None:
    """[WK2] the state vector of an update with a gap says what comes before the gap."""
    updates = keystrokes(6)
    assert decode_state_vector(state_of(merge([updates[0], updates[1], updates[4]]))) == {7: 2}
    assert decode_state_vector(state_of(updates[3])) == {}


GARBAGE = [b"", b"\x01", b"\xff" * 40, b"\x01\x01\x07\x00\x84"]


CALLS: list[Callable[[bytes], bytes]] = [
    lambda garbage: merge([*keystrokes(1), garbage]),
    state_of,
    lambda garbage: missing(garbage, EMPTY_STATE),
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda data: f"{data[:4].hex()}")
@pytest.mark.parametrize("call", CALLS)
def test_what_cannot_be_read_is_a_typed_error(
    call: Callable[[bytes], bytes], garbage: bytes
) -> None:
    """[WK3] bytes that are no update raise DocumentUnreadable, whatever the library does."""
    with pytest.raises(DocumentUnreadable):
        call(garbage)


class PanicException(BaseException):
    """Stands for the library's own, which cannot be constructed on purpose."""


def test_a_panic_becomes_a_typed_error_without_its_text() -> None:
    """[WK3] a panic, which `except Exception` lets pass, is caught, and what it quotes is not
    passed on."""
    with pytest.raises(DocumentUnreadable) as caught, library_guard("read"):
        raise PanicException("secret words of a document")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError, KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit]
)
def test_the_guard_lets_pass_what_is_not_the_librarys(error: type[BaseException]) -> None:
    """[WK3] cancellation, exit and exhaustion are nobody's to swallow."""
    with pytest.raises(error), library_guard("read"):
        raise error


def test_the_guard_leaves_our_own_errors_alone() -> None:
    """[WK3] a typed error raised inside keeps its type."""
    with pytest.raises(CollabError, match="own words") as caught, library_guard("read"):
        raise CollabError("own words")
    assert type(caught.value) is CollabError
