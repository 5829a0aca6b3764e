"""When a channel takes frames without being asked."""

from __future__ import annotations

from collab.interfaces import Write
from collab.protocol.close import CloseCode
from collab.protocol.framing import WHOLE, framed, header_of
from collab.transport.channel import LOW_WATER
from collab.transport.direct import DirectChannel
from tests.support.line import FakeLine, messages_of


class Listening:
    """A channel over a line, and what it said last."""

    def __init__(self) -> None:
        self.line = FakeLine()
        self.channel = DirectChannel(self.line)
        self.line.attach(self.channel)
        self.freely: Write | None = None
        self.channel.on_flow(self._told)

    def _told(self, freely: Write | None) -> None:
        self.freely = freely


async def test_a_channel_says_how_long_it_takes_frames_freely() -> None:
    """[SL1] up to the mark from which on sessions wait."""
    told = Listening()
    assert told.freely is not None
    told.freely(framed(b"one"))
    told.channel.send(b"two")
    assert [data for _, data in told.line.frames] == [b"one", b"two"]
    told.line.shut()
    while told.channel.buffered < LOW_WATER:
        assert told.freely is not None
        told.freely(framed(b"x" * 10_000))
    assert told.freely is None
    told.line.open()
    assert told.freely is not None


async def test_a_channel_that_is_over_takes_nothing_freely() -> None:
    """[SL1] closed by us, or without a peer; nor when the network takes bytes again."""
    closed, left = Listening(), Listening()
    closed.channel.close(CloseCode.NORMAL, "")
    left.channel.abandon()
    for told in (closed, left):
        assert told.freely is None
        told.channel.drained()
        assert told.freely is None


async def test_who_is_full_already_is_known_from_the_start() -> None:
    """[SL1] a session may begin on a connection that is behind."""
    told = Listening()
    told.channel.stuck()
    told.channel.on_flow(told._told)
    assert told.freely is None


def test_frames_hold_what_they_are_built_of() -> None:
    for size in (0, 1, 125, 126, WHOLE, 65_535, 65_536):
        message = bytes(size)
        assert messages_of(framed(message)) == [message]
        assert framed(message) == header_of(size) + message
