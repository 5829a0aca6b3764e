"""What a stored row holds, read by the library where it is large."""

from __future__ import annotations

from random import Random

import pytest

from collab.crdt import operations
from collab.crdt.operations import stored
from collab.crdt.updates import merge
from collab.errors import ProtocolError
from collab.protocol.update import stored_facts
from tests.crdt.histories import history

SEEDS = range(60)


@pytest.fixture(autouse=True)
def every_row_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "READ_EXACTLY", 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_large_row_covers_what_reading_it_shows(seed: int) -> None:
    """[WK9] with any updates missing, so that there are gaps, and clients that begin late."""
    random = Random(seed)
    updates = history(seed)
    row = merge(random.sample(updates, random.randint(1, len(updates))))
    found, exact = stored(row), stored_facts(row)
    assert found.structs == exact.structs
    assert found.deletes == exact.deletes


@pytest.mark.parametrize("row", [b"", b"\xff" * 40, b"\x01", b"\x00"])
def test_what_is_no_update_is_refused(row: bytes) -> None:
    """[WK9] damage is an error, not a shorter document."""
    with pytest.raises(ProtocolError):
        stored(row)
