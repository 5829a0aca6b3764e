"""When frames may go past an outbox, and when its channel asks it for more."""

from __future__ import annotations

import pytest

from collab.protocol.awareness import AwarenessEntry
from tests.room.box import Box
from tests.room.house import MemoryChannel


def test_it_is_asked_while_some_of_the_latest_states_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """[SL1] although the channel flows: no state overtakes an older one."""
    box = Box(limit=10)
    box.show((1, 1), (2, 1))
    box.show((3, 1))
    real = box.shelf.presence

    def presence(entries: tuple[AwarenessEntry, ...]) -> tuple[bytes, int]:
        box.channel.buffered = 1_000_000
        return real(entries)

    monkeypatch.setattr(box.shelf, "presence", presence)
    box.channel.resume()
    assert box.outbox.waits
    assert box.outbox.freely is None
    monkeypatch.undo()
    assert box.read() == [b"1=1 2=1", b"3=1"]
    assert box.outbox.freely is not None


def test_a_channel_asks_it_for_more_once_something_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only once each time."""
    asking: list[object] = []
    monkeypatch.setattr(MemoryChannel, "on_drain", lambda _, callback: asking.append(callback))
    box = Box()
    assert asking == []
    box.update()
    box.update()
    assert len(asking) == 1
