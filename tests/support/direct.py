"""A WebSocket client inside the process, of a server that hands out its lines."""

from __future__ import annotations

from typing import Any

from websockets.frames import Opcode

from collab.transport.direct import DIRECT
from tests.support.asgi import App, AsgiSocket, Event
from tests.support.line import FakeLine


class DirectPeer(AsgiSocket):
    """As its parent, but all that follows the handshake goes over a `FakeLine`."""

    def __init__(self, app: App, path: str, **scope: Any) -> None:
        self.line = FakeLine()
        extensions = {**scope.pop("extensions", {}), DIRECT: self.line}
        super().__init__(app, path, **scope, extensions=extensions)
        self.line.passing = self._hear
        self._heard = 0

    def feed(self, event: Event) -> None:
        if event["type"] == "websocket.connect":
            super().feed(event)
        else:
            self.line.inbox.put_nowait(event)

    def hold(self) -> None:
        self.line.shut()

    def release(self) -> None:
        super().release()
        self.line.open()

    async def _run(self) -> None:
        """The call, and what follows it."""
        await super()._run()
        if self.line.handed_over:
            await self.line.finished.wait()

    def _hear(self) -> None:
        frames = self.line.frames
        for opcode, data in frames[self._heard :]:
            if opcode is Opcode.CLOSE:
                code, reason = int.from_bytes(data[:2]), data[2:].decode()
                event: Event = {"type": "websocket.close", "code": code, "reason": reason}
            else:
                event = {"type": "websocket.send", "bytes": data}
            self._outgoing.put_nowait(event)
        self._heard = len(frames)
