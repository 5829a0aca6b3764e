"""Items under a parent that can have no children."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest

from collab.protocol.orphans import without_orphans
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import stored_facts, validate_update

from . import builders as build
from .builders import Place, section, string_struct, type_struct, update
from .histories import History

HONEST = update(section(1, 0, string_struct("abc"), type_struct(1), string_struct("d")))
ORPHANS = update(
    section(
        2,
        0,
        type_struct(1, Place(parent=(1, 1), key="k")),
        string_struct("xy", Place(origin=(2, 0))),
        string_struct("z", Place(parent=(2, 0), key="k")),
        string_struct("e", Place(parent=(1, 3), key="k")),
        string_struct("f", Place(origin=(1, 4))),
    ),
    deletes=[(1, [(0, 1)])],
)


def text_of(data: bytes) -> tuple[str, dict[int, int]]:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(data)
    return str(doc.get("t", type=pycrdt.Text)), dict(decode_state_vector(doc.get_state()))


def test_two_updates() -> None:
    """[UP31] each update is valid, the two of them close the document, repaired they do not;
    the text is the one that Yjs shows."""
    for each in (HONEST, ORPHANS):
        validate_update(each)
    merged = pycrdt.merge_updates(HONEST, ORPHANS)
    with pytest.raises(RuntimeError, match="must be deleted or shared ref type"):
        text_of(merged)
    repaired = without_orphans(merged)
    assert text_of(repaired) == ("dfbc", {1: 5, 2: 6})


def test_what_is_changed() -> None:
    """[UP31] only the items right under such a parent become GCs, of the same length."""
    merged = pycrdt.merge_updates(HONEST, ORPHANS)
    repaired = without_orphans(merged)
    assert repaired == merged.replace(
        type_struct(1, Place(parent=(1, 1), key="k")), build.gc_struct(1)
    )
    facts, before = validate_update(repaired), stored_facts(merged)
    assert facts == before


@pytest.mark.parametrize("seed", range(10))
def test_honest_updates(seed: int) -> None:
    """[UP31] what holds no such items is given back as it is."""
    updates = History(seed).updates
    for data in (*updates, pycrdt.merge_updates(*updates)):
        assert without_orphans(data) is data
