"""`collab.transport.direct.Line` without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from websockets.frames import Close, Frame, Opcode

from collab.protocol.close import CloseCode
from collab.transport.channel import LOW_WATER
from collab.transport.direct import DirectChannel
from collab.transport.inbox import Inbox, Listener


def messages_of(data: bytes) -> list[bytes]:
    """What whole frames of a server say."""
    found = []
    while data:
        start, size = _place(data)
        assert len(data) >= start + size
        found.append(data[start : start + size])
        data = data[start + size :]
    return found


def _place(frame: bytes) -> tuple[int, int]:
    """Where the message of the first frame begins, and its size."""
    size = frame[1]
    if size == 126:
        return 4, int.from_bytes(frame[2:4])
    if size == 127:
        return 10, int.from_bytes(frame[2:10])
    return 2, size


class FakeLine:
    """Its network takes what is written while it is open; `feed` is what a peer sends."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.passed = b""
        self.held = False
        """Whether nothing is read from the peer."""
        self.channel: DirectChannel | None = None
        self.passing: Callable[[], None] = lambda: None
        """Called when the network took something."""
        self.handed_over = False
        self.finished = asyncio.Event()
        """Set once the application, to which it was handed over, is done with it."""
        self._open = True
        self._waits: list[bytes] = []
        self._full = False

    def feed(self, *frames: bytes | str) -> None:
        for frame in frames:
            key = "text" if isinstance(frame, str) else "bytes"
            self.inbox.put_nowait({"type": "websocket.receive", key: frame})

    def leave(self) -> None:
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def shut(self) -> None:
        self._open = False

    def open(self) -> None:
        self._open = True
        while self._waits:
            self.passed += self._waits.pop(0)
            self.passing()
        if self._full and self.channel is not None:
            self._full = False
            self.channel.drained()

    @property
    def frames(self) -> list[tuple[Opcode, bytes]]:
        """What the network took."""
        found, rest = [], self.passed
        while rest:
            start, size = _place(rest)
            found.append((Opcode(rest[0] & 0x0F), rest[start : start + size]))
            rest = rest[start + size :]
        return found

    # --- Line --------------------------------------------------------------------------

    def begin(self, data: bytes) -> None:
        self.writer()(data)

    def writer(self) -> Callable[[bytes], None]:
        return self._write

    def write_parts(self, parts: Sequence[bytes]) -> None:
        self._write(b"".join(parts))

    def buffered(self) -> int:
        return sum(map(len, self._waits))

    def taken(self) -> int:
        return len(self.passed)

    def attach(self, channel: DirectChannel) -> None:
        self.channel = channel

    def part(self, code: CloseCode, reason: str) -> None:
        close = Frame(Opcode.CLOSE, Close(code, reason).serialize())
        self._write(close.serialize(mask=False))

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    def finish(self) -> None:
        self.finished.set()

    def listen(self, listener: Listener | None) -> None:
        self.inbox.listen(listener)
        self.handed_over = self.handed_over or listener is not None

    def hold(self) -> None:
        self.held = True

    def go_on(self) -> None:
        self.held = False

    def _write(self, data: bytes) -> None:
        if self._open:
            self.passed += data
            self.passing()
        else:
            self._waits.append(data)
            if not self._full and self.buffered() >= LOW_WATER:
                self._full = True
                if self.channel is not None:
                    self.channel.stuck()
