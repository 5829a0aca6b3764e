"""Characters of two UTF-16 units that are split."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest

from collab.protocol.repair import repaired
from collab.protocol.surrogates import without_split_pairs
from collab.protocol.update import validate_update

from . import builders as build
from .builders import Deletes, Place, section, string_struct, update
from .histories import History

TYPED = string_struct("a😀b😀")


def text_of(data: bytes) -> str:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(data)
    again: pycrdt.Doc[Any] = pycrdt.Doc()
    again.apply_update(doc.get_update())
    assert again.get_state() == doc.get_state() == pycrdt.get_state(data)
    return str(again.get("t", type=pycrdt.Text))


@pytest.mark.parametrize(
    ("place", "left", "shown"),
    [
        (Place(origin=(1, 1), right_origin=(1, 2)), "a\ufffd\ufffdb😀", "a\ufffdX\ufffdb😀"),
        (Place(origin=(1, 1)), "a\ufffd\ufffdb😀", None),
        (Place(right_origin=(1, 5)), "a😀b\ufffd\ufffd", None),
        (Place(origin=(1, 4), right_origin=(1, 5)), "a😀b\ufffd\ufffd", "a😀b\ufffdX\ufffd"),
    ],
)
def test_insertions(place: Place, left: str, shown: str | None) -> None:
    """[UP32] what is put between two halves makes each of them U+FFFD, as in Yjs."""
    data = update(section(2, 0, string_struct("X", place)), section(1, 0, TYPED))
    expected = update(section(2, 0, string_struct("X", place)), section(1, 0, string_struct(left)))
    assert without_split_pairs(data) == expected
    assert validate_update(expected).structs == validate_update(data).structs
    if shown is not None:
        assert text_of(expected) == shown


@pytest.mark.parametrize(
    ("deletes", "shown"),
    [
        ([(1, [(0, 2)])], "\ufffdb😀"),
        ([(1, [(2, 2)])], "a\ufffd😀"),
        ([(1, [(1, 1), (2, 1)])], "ab😀"),
        ([(1, [(5, 1)])], "a😀b\ufffd"),
        ([(1, [(0, 1), (3, 1)])], "😀😀"),
    ],
)
def test_deletions(deletes: Deletes, shown: str) -> None:
    """[UP32] what is left of a character of which half is deleted is U+FFFD, as in Yjs."""
    assert text_of(repaired(update(section(1, 0, TYPED), deletes=deletes))) == shown


def test_clocks_of_a_library_that_splits() -> None:
    """[UP32] unrepaired, the library writes other clocks than it read."""
    data = update(
        section(1, 0, TYPED, build.any_struct(1, place=Place(root="a"))), deletes=[(1, [(0, 2)])]
    )
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(data)
    assert pycrdt.get_state(doc.get_update()) != doc.get_state()
    assert text_of(repaired(data)) == "\ufffdb😀"


def test_whole_characters() -> None:
    """[UP32] characters that nothing splits stay, and so do the bytes."""
    place = Place(origin=(1, 2), right_origin=(1, 3))
    data = update(
        section(2, 0, string_struct("X", place), build.gc_struct(3), build.skip_struct(1)),
        section(1, 0, TYPED),
        deletes=[(1, [(4, 2)]), (3, [(0, 9)])],
    )
    assert repaired(data) is data


@pytest.mark.parametrize("seed", range(10))
def test_honest_updates(seed: int) -> None:
    """[UP32] real editing is not changed."""
    updates = History(seed).updates
    for data in (*updates, pycrdt.merge_updates(*updates)):
        assert repaired(data) is data
